---`:checkhealth maestro`: a real handshake, the doctor's rows, what the server last wrote to stderr.

local config = require('maestro.config')
local methods = require('maestro.protocol').methods
local process = require('maestro.process')
local server = require('maestro.server')

local M = {}

local health = vim.health
local DEADLINE_MS = 15000

---@param call fun(done: fun(value: any))
---@return any value nil if it did not come in time
local function await(call)
  local value
  call(function(found)
    value = found
  end)
  vim.wait(DEADLINE_MS, function()
    return value ~= nil
  end, 10)
  return value
end

local function check_options()
  local problem = config.problem()
  if problem then
    health.error(problem)
  else
    health.ok('the options fit')
  end
end

---@return boolean
local function check_program()
  local program = config.get().cmd[1]
  if process.problem() then
    health.error(("'%s' cannot be run"):format(program), { 'Install the server; see :help maestro-install' })
    return false
  end
  health.ok(vim.fn.exepath(program))
  return true
end

---@return vim.lsp.Client?
local function check_handshake()
  local client = await(server.with) ---@type vim.lsp.Client?
  local hello = client and vim.tbl_get(client.server_capabilities, 'experimental', 'maestro')
  if not client then
    health.error(('no answer within %d seconds'):format(DEADLINE_MS / 1000), process.stderr_tail(5))
    return nil
  elseif not hello then
    health.error('the server speaks another version of the protocol', { 'Update the plugin and the server together' })
    return nil
  end
  local version = client.server_info and client.server_info.version or 'unknown'
  health.ok(('server %s, protocol %d, %s'):format(version, hello.protocolVersion, client.offset_encoding))
  return client
end

---@param check maestro.Check
local function tell(check)
  local advice = vim.tbl_filter(function(line)
    return line ~= nil
  end, { check.cause, check.fix })
  if check.ok then
    health.ok(check.label)
  elseif check.severity == 'error' then
    health.error(check.label, advice)
  elseif check.severity == 'warning' then
    health.warn(check.label, advice)
  else
    health.info(table.concat({ check.label, unpack(advice) }, ' '))
  end
end

local function check_doctor()
  local answer = await(function(done)
    server.request(methods.DOCTOR, {}, function(failure, result)
      done({ failure = failure, result = result })
    end, { quiet = true })
  end)
  if not answer or answer.failure then
    return health.error('the doctor gave no answer')
  end
  for _, check in ipairs(answer.result.checks) do
    tell(check)
  end
end

function M.check()
  health.start('maestro')
  check_options()
  local client = check_program() and check_handshake()
  if client then
    health.start('maestro: doctor')
    check_doctor()
  end
  health.start('maestro: stderr')
  for _, line in ipairs(process.stderr_tail(10)) do
    health.info(line)
  end
end

return M
