---The server's process: whether it can be started, and the one line when it dies.

local config = require('maestro.config')
local ui = require('maestro.ui')

local M = {}

---@return boolean
function M.available()
  local program = config.get().cmd[1]
  if vim.fn.executable(program) == 1 then
    return true
  end
  ui.error_once(("'%s' is not installed or not on the PATH; see :help maestro-install"):format(program))
  return false
end

---@param code integer
---@param signal integer
---@return string?
local function death(code, signal)
  if code == 0 and (signal == 0 or signal == 15) then
    return nil
  end
  local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit code %d'):format(code)
  return ('the server ended with %s; :Maestro restart starts it again, :Maestro log says why'):format(how)
end

---Starts it for a client of `vim.lsp`, which is told of a clean end: the unclean one is told here.
---@param dispatchers vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
function M.start(dispatchers)
  local on_exit = dispatchers.on_exit
  dispatchers.on_exit = function(code, signal)
    vim.schedule(function()
      require('maestro.server').died(death(code, signal))
    end)
    on_exit(0, 0)
  end
  return vim.lsp.rpc.start(config.get().cmd, dispatchers)
end

---The last lines that servers wrote to stderr, as Neovim's own log has them.
---@param count integer
---@return string[]
function M.stderr_tail(count)
  local file = io.open(vim.lsp.get_log_path(), 'r')
  if not file then
    return {}
  end
  file:seek('end', -math.min(file:seek('end'), 65536))
  local pattern = ('"rpc"%%s+"%s"%%s+"stderr"%%s+"(.*)"$'):format(vim.pesc(config.get().cmd[1]))
  local lines = {} ---@type string[]
  for line in file:lines() do
    local text = line:match(pattern)
    if text then
      vim.list_extend(lines, vim.split(text, '\\n', { plain = true, trimempty = true }))
    end
  end
  file:close()
  return vim.list_slice(lines, math.max(1, #lines - count + 1))
end

return M
