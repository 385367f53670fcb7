---The server's process: whether it can be started, and the one line when it dies.

local config = require('maestro.config')
local ui = require('maestro.ui')

local M = {}

---@return string? problem one sentence, where there is no such program
function M.problem()
  local program = config.get().cmd[1]
  if vim.fn.executable(program) == 0 then
    return ("'%s' is not installed or not on the PATH; see :help maestro-install"):format(program)
  end
end

---@type table<integer, true> process ids of servers
local alive = {}

---@return integer[]
local function children()
  return vim.api.nvim_get_proc_children(vim.uv.os_getpid())
end

---End every server at once, one that is stopped as well.
function M.kill()
  for pid in pairs(alive) do
    vim.uv.kill(pid, 'sigkill')
  end
  alive = {}
end

---Let servers that are stopped go on, so that they see that the editor is gone.
function M.wake()
  for pid in pairs(alive) do
    vim.uv.kill(pid, 'sigcont')
  end
end

---What a process that was asked to end by a signal may end with.
local TERMINATED = 128 + 15

---@param code integer
---@param signal integer
---@return string?
local function death(code, signal)
  if code == TERMINATED or (code == 0 and (signal == 0 or signal == 15)) then
    return nil
  end
  local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit code %d'):format(code)
  return ('the server ended with %s; :Maestro restart starts it again, :Maestro log says why'):format(how)
end

---How long a server may take to begin before that is told.
M.patience_ms = 15000

---Neovim's client shows a trace where a server cannot be initialized, and nothing where it does not answer: a line is told.
---@param rpc vim.lsp.rpc.PublicClient
---@return vim.lsp.rpc.PublicClient
local function initializing(rpc)
  local request = rpc.request
  local answered = false
  rpc.request = function(method, params, callback, notify_reply)
    if method ~= 'initialize' then
      return request(method, params, callback, notify_reply)
    end
    vim.defer_fn(function()
      if not answered and not rpc.is_closing() then
        ui.warn('the server has not answered yet; :Maestro log may say why, :Maestro restart starts it again')
      end
    end, M.patience_ms)
    return request(method, params, function(failure, result)
      answered = true
      if not failure and result then
        return callback(failure, result)
      end
      local why = failure and failure.message or 'it said nothing of itself'
      ui.error('the server cannot be used: ' .. tostring(why))
      rpc.terminate()
    end, notify_reply)
  end
  return rpc
end

---Starts it for a client of `vim.lsp`, which is told of a clean end: the unclean one is told here.
---@param dispatchers vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
function M.start(dispatchers)
  local on_exit, before, pid = dispatchers.on_exit, children(), nil
  dispatchers.on_exit = function(code, signal)
    local killed = pid and not alive[pid]
    if pid then
      alive[pid] = nil
    end
    vim.schedule(function()
      require('maestro.server').died(not killed and death(code, signal) or nil)
    end)
    on_exit(0, 0)
  end
  local rpc = vim.lsp.rpc.start(config.get().cmd, dispatchers)
  pid = vim.iter(children()):find(function(child)
    return not vim.list_contains(before, child)
  end)
  if pid then
    alive[pid] = true
  end
  return initializing(rpc)
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
