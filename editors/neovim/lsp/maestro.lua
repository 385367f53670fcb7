---What `vim.lsp.enable('maestro')` starts. Nothing else is loaded before it starts.

---@type table<string, lsp.Handler>
local handlers = {}
for _, method in ipairs({
  '$/progress',
  'window/showMessage',
  'workspace/applyEdit',
  'maestro/chat/didChange',
  'maestro/context/didChange',
  'maestro/permission/request',
  'maestro/permission/resolved',
  'maestro/session/didChange',
  'maestro/session/loginCompleted',
  'maestro/status/didChange',
}) do
  handlers[method] = function(...)
    return require('maestro.handlers')[method](...)
  end
end

---@type vim.lsp.Config
return {
  cmd = function(dispatchers)
    return require('maestro.process').start(dispatchers)
  end,
  root_dir = function(bufnr, on_dir)
    local config = require('maestro.config')
    local problem = config.is_file(bufnr) and require('maestro.process').problem()
    if problem then
      require('maestro.ui').error_once(problem)
    elseif config.is_file(bufnr) then
      on_dir(config.root(bufnr))
    end
  end,
  before_init = function(params, config)
    require('maestro.hello').say(params, config)
  end,
  on_init = function(client)
    require('maestro.server').ready(client)
  end,
  handlers = handlers,
}
