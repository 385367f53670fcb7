---The server's own checks, as `:Maestro doctor` and |:checkhealth| show them.

local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')

local M = {}

---@param check maestro.Check
---@return string
function M.line(check)
  local mark = check.ok and 'ok' or check.severity
  local cause = check.cause and (' ' .. check.cause) or ''
  local fix = check.fix and (' → ' .. check.fix) or ''
  return texts.plain(('%-8s %s%s%s'):format(mark, check.label, cause, fix))
end

---@param network boolean
function M.show(network)
  server.request(methods.DOCTOR, { network = network }, function(_, result)
    local lines = vim.tbl_map(M.line, result.checks)
    vim.lsp.util.open_floating_preview(lines, '', { border = 'single', title = 'Maestro doctor', focus_id = 'maestro' })
  end)
end

return M
