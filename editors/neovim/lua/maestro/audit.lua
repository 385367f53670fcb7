---Audits: begun here, shown as `vim.diagnostic`; fixes are `vim.lsp.buf.code_action()`.

local config = require('maestro.config')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local stream = require('maestro.stream')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@type table<string, { client: vim.lsp.Client, id: integer }> the audits under way, by their tokens
local under_way = {}

---How many are shown: what was dismissed, suppressed or put into the baseline is not.
---@param result maestro.AuditResult
---@return integer
local function shown(result)
  return #vim.tbl_filter(function(finding)
    return finding.state == 'open' or finding.state == 'touched'
  end, result.findings)
end

---@param result maestro.AuditResult
---@return string
local function summary(result)
  local count = texts.count(shown(result), 'finding')
  local clean = result.status == 'complete' and count or ('%s, %s'):format(result.status, count)
  return result.error and ('%s: %s'):format(clean, ui.line(result.error)) or clean
end

---@param result maestro.AuditResult
local function told(result)
  local level = (result.status == 'complete' or result.status == 'cancelled') and ui.info or ui.warn
  level('audit ' .. summary(result))
  ui.emit('AuditCompleted', { auditId = result.auditId, status = result.status, findings = shown(result) })
end

---@param target maestro.AuditTarget
local function run(target)
  local token = stream.open(function() end)
  local params = { target = target, partialResultToken = token, workDoneToken = token .. '-work' }
  server.with(function(client)
    local id = server.request_on(client, methods.AUDIT_RUN, params, function(failure, result)
      stream.close(token)
      under_way[token] = nil
      if failure then
        ui.failure(failure)
      else
        told(result)
      end
    end)
    under_way[token] = id and { client = client, id = id }
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

---Whole lines, without what the next one begins with: what a range touches is in it.
---@param first integer one-based
---@param last integer
---@return lsp.Range
local function lines(first, last)
  local line = vim.api.nvim_buf_get_lines(0, last - 1, last, false)[1] or ''
  return { start = { line = first - 1, character = 0 }, ['end'] = { line = last - 1, character = #line } }
end

---@param first? integer one-based lines
---@param last? integer
function M.file(first, last)
  local uri = uri_of(0)
  if not uri then
    return
  end
  run({ uri = uri, range = first and last and lines(first, last) or nil })
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

---Stop all that are under way.
function M.stop()
  for _, audit in pairs(under_way) do
    audit.client:cancel_request(audit.id)
  end
end

return M
