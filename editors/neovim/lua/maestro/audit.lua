---Audits: begun here, shown as `vim.diagnostic`; fixes are `vim.lsp.buf.code_action()`.

local config = require('maestro.config')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local stream = require('maestro.stream')
local ui = require('maestro.ui')

local M = {}

---@type { client: vim.lsp.Client, id: integer }? the audit that was begun last
local latest

---@param result maestro.AuditResult
---@return string
local function summary(result)
  local count = ('%d finding%s'):format(#result.findings, #result.findings == 1 and '' or 's')
  local clean = result.status == 'complete' and count or ('%s, %s'):format(result.status, count)
  return result.error and ('%s: %s'):format(clean, ui.line(result.error)) or clean
end

---@param result maestro.AuditResult
local function told(result)
  local level = (result.status == 'complete' or result.status == 'cancelled') and ui.info or ui.warn
  level('audit ' .. summary(result))
  ui.emit('AuditCompleted', { auditId = result.auditId, status = result.status, findings = #result.findings })
end

---@param target maestro.AuditTarget
local function run(target)
  local token = stream.open(function() end)
  local params = { target = target, partialResultToken = token, workDoneToken = token .. '-work' }
  server.with(function(client)
    local id = server.request_on(client, methods.AUDIT_RUN, params, function(failure, result)
      stream.close(token)
      latest = nil
      if failure then
        ui.failure(failure)
      else
        told(result)
      end
    end)
    latest = id and { client = client, id = id }
  end)
end

---@param buf integer
---@return string? uri
local function uri_of(buf)
  if not config.is_file(buf) then
    ui.error('this buffer is no file that can be audited')
    return nil
  end
  return vim.uri_from_bufnr(buf)
end

---@param first? integer one-based lines
---@param last? integer
function M.file(first, last)
  local uri = uri_of(0)
  if not uri then
    return
  end
  local range = first
    and last
    and { start = { line = first - 1, character = 0 }, ['end'] = { line = last, character = 0 } }
  run({ uri = uri, range = range or nil })
end

function M.workspace()
  run({ workspaceFolder = vim.uri_from_fname(config.root(0)) })
end

---@param base string a commit of git
function M.diff(base)
  run({ workspaceFolder = vim.uri_from_fname(config.root(0)), diffBase = base })
end

function M.clear()
  server.request(methods.AUDIT_CLEAR, {}, function()
    ui.info('the findings are cleared')
  end)
end

---@return boolean stopped whether one was under way
function M.stop()
  if not latest then
    return false
  end
  latest.client:cancel_request(latest.id)
  latest = nil
  return true
end

return M
