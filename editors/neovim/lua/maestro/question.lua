---A question for permission in words, whole: pure. What it is about stands before what can be answered.

local markdown = require('maestro.markdown')
local texts = require('maestro.text')

local M = {}

---@param intent maestro.Intent?
---@return string[]
function M.intent_lines(intent)
  if not intent then
    return { 'Why was not declared.' }
  end
  local lines = { 'Purpose: ' .. intent.purpose, 'Scope: ' .. texts.plain(intent.scope) }
  if intent.rationale then
    lines[#lines + 1] = 'Because: ' .. texts.plain(intent.rationale)
  end
  return lines
end

---@param risk maestro.Risk
---@return string[]
local function risk_lines(risk)
  local lines = { 'Risk: ' .. risk.level }
  for _, assessment in ipairs(risk.assessments) do
    lines[#lines + 1] = ('- %s: %s'):format(assessment.riskLevel, texts.plain(assessment.reason))
  end
  return lines
end

---@param old string?
---@param new string?
---@return string
local function diff(old, new)
  local before, after = (old or ''):gsub('\n?$', '\n', 1), (new or ''):gsub('\n?$', '\n', 1)
  local changed = vim.diff(before, after, { ctxlen = 3 }) --[[@as string]]
  return markdown.fenced(texts.visible(changed), 'diff')
end

---@param subject maestro.PermissionSubject
---@return string[]
local function subject_pieces(subject)
  local place = subject.url or subject.path or subject.uri and vim.uri_to_fname(subject.uri)
  local pieces = { place and ('`%s`'):format(texts.plain(place)) or nil }
  if subject.argv then
    local command = table.concat(vim.tbl_map(texts.shell_word, subject.argv), ' ')
    local folder = subject.cwd and '\n# in ' .. texts.plain(subject.cwd) or ''
    pieces[#pieces + 1] = markdown.fenced(command .. folder, 'sh')
  elseif subject.newText or subject.oldText then
    pieces[#pieces + 1] = diff(markdown.clean(subject.oldText or ''), markdown.clean(subject.newText or ''))
  elseif subject.input then
    pieces[#pieces + 1] = markdown.fenced(texts.visible(vim.json.encode(subject.input)), 'json')
  end
  return vim.list_extend({ 'Tool: ' .. texts.plain(subject.tool) }, pieces)
end

---All there is to know before an answer.
---@param params maestro.PermissionRequestParams
---@return string
function M.text(params)
  local pieces = { '### ' .. texts.plain(params.summary) }
  vim.list_extend(pieces, subject_pieces(params.subject))
  pieces[#pieces + 1] = table.concat(M.intent_lines(params.intent), '\n')
  pieces[#pieces + 1] = table.concat(risk_lines(params.risk), '\n')
  pieces[#pieces + 1] = ('No answer until %s means no.'):format(texts.time(params.expiresAt, '%H:%M:%S'))
  return table.concat(pieces, '\n\n')
end

---The same, and below it the answers, a line each: `[1] Allow once`.
---@param params maestro.PermissionRequestParams
---@return string
function M.with_options(params)
  local options = {} ---@type string[]
  for number, option in ipairs(params.options) do
    options[number] = ('[%d] %s'):format(number, option.name)
  end
  return M.text(params) .. '\n\n' .. table.concat(options, '\n') .. '\n'
end

---@param params maestro.PermissionRequestParams
---@param line string
---@return maestro.PermissionOption? option the one that stands on such a line
function M.option_on(params, line)
  return params.options[tonumber(line:match('^%[(%d)%]'))]
end

return M
