---Maestro for Lua: what a statusline or a mapping needs. Nothing is loaded or asked before it is used.

local M = {}

---What a statusline shows; asks nothing of anybody.
---@return maestro.StatusTable
function M.status()
  return require('maestro.status').get()
end

---Open a chat.
---@param opts? { id?: string, new?: boolean }
function M.chat(opts)
  require('maestro.chats').open(opts or {})
end

---Ask the server anything of the protocol.
---@param method string one of `require('maestro.protocol').methods`
---@param params table?
---@param answer fun(failure: maestro.ErrorInfo?, result: any)
function M.request(method, params, answer)
  require('maestro.server').request(method, params, answer, { quiet = true })
end

return M
