---The client that talks to the server: found, started, waited for, asked.

local config = require('maestro.config')
local methods = require('maestro.protocol').methods
local process = require('maestro.process')
local ui = require('maestro.ui')

local M = {}

---@alias maestro.Answer fun(failure: maestro.ErrorInfo?, result: any)

local NAME = 'maestro'

---How long a server may take to end before it is killed.
M.patience_ms = 5000

---@type fun(client: vim.lsp.Client)[] who waits for a client to be initialized
local waiting = {}
---Whether the server that runs is on its way out, and another follows.
local restarting = false
---@type table<string, fun()> what is done when a server is there, and when it went away
local on_ready, on_died = {}, {}

---The running client: the current buffer's, its folder's, or any.
---@return vim.lsp.Client?
function M.client()
  local attached = vim.lsp.get_clients({ name = NAME, bufnr = 0 })[1]
  local clients = vim.lsp.get_clients({ name = NAME })
  local root = not attached and clients[2] and config.root(0)
  for _, client in ipairs(clients) do
    attached = attached or client.root_dir == root and client or nil
  end
  return attached or clients[1]
end

---Call when a client is initialized, now or after each start.
---@param name string whose interest it is; a later one of the same name takes its place
---@param ready fun()
---@param died fun()
function M.listen(name, ready, died)
  on_ready[name], on_died[name] = ready, died
end

---@param client vim.lsp.Client
function M.ready(client)
  local hello = vim.tbl_get(client.server_capabilities, 'experimental', 'maestro')
  if not hello then
    ui.error_once('the server speaks another version of the protocol; update the plugin and the server together')
  end
  local waited = waiting
  waiting = {}
  for _, call in ipairs(waited) do
    call(client)
  end
  for _, call in pairs(on_ready) do
    call()
  end
  ui.emit('Ready', { client_id = client.id })
end

---@param why string? one line; nil for an end that was wanted
function M.died(why)
  if not restarting then
    waiting = {}
  end
  if why then
    ui.error(why)
  end
  require('maestro.status').gone()
  for _, call in pairs(on_died) do
    call()
  end
  ui.emit('Exited', { reason = why })
end

---@return vim.lsp.ClientConfig
local function client_config()
  local found = vim.deepcopy(vim.lsp.config[NAME])
  found.name = NAME
  found.root_dir = config.root(0)
  return found
end

---Call with the client, started if there is none. Nothing waits.
---@param call fun(client: vim.lsp.Client)
---@return boolean is_coming false where no server can be started, which was told
function M.with(call)
  local client = M.client()
  if client and client.initialized and not restarting then
    call(client)
    return true
  end
  table.insert(waiting, call)
  if not client and not restarting and not vim.lsp.get_clients({ name = NAME, _uninitialized = true })[1] then
    local problem = process.problem()
    if problem then
      ui.error(problem)
    end
    if problem or not vim.lsp.start(client_config(), { attach = false }) then
      waiting = {}
      return false
    end
  end
  return true
end

---Ask something. What goes wrong is told in a line, unless `answer` wants to know.
---@param method string
---@param params table?
---@param answer? maestro.Answer given the failure too if it is its second parameter's business
---@param opts? { quiet?: boolean } quiet: `answer` tells the failure
---@return boolean is_coming false where no server can be started, which was told
function M.request(method, params, answer, opts)
  return M.with(function(client)
    M.request_on(client, method, params, function(failure, result)
      if failure and not (opts and opts.quiet) then
        ui.failure(failure)
      elseif answer then
        answer(failure, result)
      end
    end)
  end)
end

---Methods whose parameters can be a key or a code.
local SECRET = { [methods.SESSION_CREATE] = true, [methods.SESSION_CONTINUE] = true }

---Send a request; one with a secret in it is left out of `lsp.log`, at whatever level that is.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param answer maestro.Answer
---@return boolean sent
---@return integer? id
local function send(client, method, params, answer)
  local log, level = vim.lsp.log, vim.lsp.log.get_level()
  if SECRET[method] then
    log.set_level(math.max(level, log.levels.INFO))
  end
  local ok, sent, id = pcall(client.request, client, method, params, answer)
  log.set_level(level)
  return ok and sent, id
end

---@param client vim.lsp.Client
---@param method string
---@param params table?
---@param answer maestro.Answer
---@return integer? id to cancel the request by
function M.request_on(client, method, params, answer)
  -- An empty Lua table would become a JSON list.
  local sent, id = send(client, method, params and next(params) and params or vim.empty_dict(), answer)
  if not sent then
    answer({ code = 0, message = 'the server is not running; :Maestro restart starts it', data = {} })
  end
  return sent and id or nil
end

---Stop the server and start it again for the buffers it had.
function M.restart()
  local clients = vim.lsp.get_clients({ name = NAME, _uninitialized = true })
  local buffers = {} ---@type integer[]
  for _, client in ipairs(clients) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
    client:stop()
  end
  restarting = true
  M._when_gone(function()
    restarting = false
    for _, bufnr in ipairs(buffers) do
      if vim.api.nvim_buf_is_loaded(bufnr) then
        vim.lsp.start(client_config(), { bufnr = bufnr })
      end
    end
    M.with(function() end)
  end, vim.uv.now() + M.patience_ms)
end

---@param call fun()
---@param deadline integer of `vim.uv.now()`
function M._when_gone(call, deadline)
  if not vim.lsp.get_clients({ name = NAME, _uninitialized = true })[1] then
    return call()
  end
  if vim.uv.now() > deadline then
    ui.warn('the server did not end, so it was killed')
    process.kill()
    deadline = math.huge
  end
  vim.defer_fn(function()
    M._when_gone(call, deadline)
  end, 50)
end

return M
