---What the server sends on its own, and who takes it.

local stream = require('maestro.stream')

---@type table<string, lsp.Handler>
local M = {}

M['$/progress'] = function(err, params, ctx)
  if not stream.take(params) then
    return vim.lsp.handlers['$/progress'](err, params, ctx)
  end
end

M['window/showMessage'] = function(_, params)
  local ui = require('maestro.ui')
  local tell = ({ ui.error, ui.warn })[params.type] or ui.info
  tell(params.message)
end

M['workspace/applyEdit'] = function(err, params, ctx)
  return require('maestro.editing').apply(err, params, ctx)
end

M['maestro/permission/request'] = function(_, params)
  return require('maestro.approvals').ask(params)
end

M['maestro/permission/resolved'] = function(_, params)
  require('maestro.approvals').resolved(params)
end

M['maestro/chat/didChange'] = function(_, params)
  require('maestro.chats').changed(params)
end

M['maestro/context/didChange'] = function(_, params)
  require('maestro.context').changed(params)
end

M['maestro/session/didChange'] = function(_, params)
  require('maestro.sessions').changed(params)
end

M['maestro/session/loginCompleted'] = function(_, params)
  require('maestro.login').completed(params)
end

M['maestro/status/didChange'] = function(_, params)
  require('maestro.status').changed(params)
end

return M
