---Tokens of our own on `$/progress`, and who listens to each.

local M = {}

---@type table<string, fun(event: table)>
local listeners = {}
local count = 0

---@param on_event fun(event: table)
---@return string token
function M.open(on_event)
  count = count + 1
  local token = ('maestro-nvim-%d-%d'):format(vim.uv.os_getpid(), count)
  listeners[token] = on_event
  return token
end

---@param token string
function M.close(token)
  listeners[token] = nil
end

---@param params lsp.ProgressParams
---@return boolean taken false for a token of somebody else's
function M.take(params)
  local listener = listeners[params.token]
  if listener then
    listener(params.value)
  end
  return listener ~= nil
end

return M
