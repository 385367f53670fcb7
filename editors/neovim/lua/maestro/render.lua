---A view as blocks of Markdown: pure. What did not change is the same string again, so that drawing can skip it.

local markdown = require('maestro.markdown')
local question = require('maestro.question')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@class maestro.Block
---@field key string
---@field text string whole lines; the last has no line end
---@field grows? boolean the text only ever gets longer

---What is remembered of parts and turns that are over; a changed one is another table.
---@type table<table, string|maestro.Block[]>
local known = setmetatable({}, { __mode = 'k' })

---@param turn maestro.view.Turn
---@return string?
local function user_text(turn)
  local user = turn.user
  if not user then
    return nil
  end
  local lines = { '## You', '' }
  for _, attachment in ipairs(user.attachments or {}) do
    lines[#lines + 1] = '- ' .. texts.plain(attachment.label)
  end
  lines[#lines + 1] = markdown.clean(user.text or '')
  return table.concat(lines, '\n') .. '\n'
end

---@param input table?
---@return string?
local function input_text(input)
  if not input or vim.tbl_isempty(input) then
    return nil
  end
  local text = vim.json.encode(input)
  return #text <= 100 and '`' .. text .. '`' or markdown.fenced(text, 'json')
end

---@param part maestro.view.Part
---@return string
local function tool_text(part)
  local took = part.durationMs and (' · %d ms'):format(part.durationMs) or ''
  local pieces = { ('### %s · %s%s'):format(part.name or 'tool', part.status, took) }
  local said = part.content or part.output
  pieces[#pieces + 1] = part.arguments and markdown.fenced(part.arguments, 'json') or input_text(part.input)
  if part.status == 'running' and part.intent then
    vim.list_extend(pieces, question.intent_lines(part.intent))
  end
  if said and said ~= '' then
    pieces[#pieces + 1] = markdown.fenced(said)
  end
  return table.concat(pieces, '\n\n') .. '\n'
end

---@type table<string, fun(part: maestro.view.Part): string>
local written = {
  text = function(part)
    return markdown.clean(part.text)
  end,
  reasoning = function(part)
    return markdown.quoted(part.text)
  end,
  tool = tool_text,
  notice = function(part)
    return markdown.quoted(('**%s** %s'):format(part.severity, part.message)) .. '\n'
  end,
  rerouted = function(part)
    return markdown.quoted(('%s Goes on with %s.'):format(part.reason, part.to)) .. '\n'
  end,
}

---@param part maestro.view.Part
---@return string
local function part_text(part)
  local text = known[part]
  if not text then
    text = written[part.type](part)
    known[part] = text
  end
  return text --[[@as string]]
end

---@param usage maestro.Usage?
---@param cost maestro.Cost?
---@return string
function M.usage_text(usage, cost)
  local tokens = usage and ('%d tokens'):format(usage.totalTokens)
  local price = cost and ('%s%s %s'):format(cost.estimated and '≈' or '', cost.amount, cost.currency)
  return table.concat({ tokens, price }, ' · ')
end

---@param turn maestro.view.Turn
---@return string?
local function end_text(turn)
  if turn.retry then
    local retry = turn.retry
    return markdown.quoted(('%s Trying again in %d ms.'):format(retry.error.message, retry.delayMs)) .. '\n'
  elseif not turn.stopReason then
    return nil
  end
  local how = turn.stopReason == 'endTurn' and ''
    or turn.stopReason .. (turn.limit and ': ' .. turn.limit or '') .. ' · '
  local error_line = turn.error and markdown.quoted('**error** ' .. ui.line(turn.error)) .. '\n\n' or ''
  return ('%s*%s%s*\n'):format(error_line, how, M.usage_text(turn.usage, turn.cost))
end

---@param turn maestro.view.Turn
---@return maestro.Block[]
local function turn_blocks(turn)
  if known[turn] then
    return known[turn] --[[@as maestro.Block[] ]]
  end
  local blocks = {} ---@type maestro.Block[]
  local function add(name, text, grows)
    if text then
      blocks[#blocks + 1] = { key = turn.id .. '/' .. name, text = text, grows = grows }
    end
  end
  add('user', user_text(turn))
  add('model', ('## %s\n'):format(turn.model or 'Answer'))
  for index, part in ipairs(turn.parts) do
    local grows = part.type == 'text' or part.type == 'reasoning'
    add(index .. part.type, part_text(part), grows)
    if grows then
      add(index .. 'gap', '')
    end
  end
  add('end', end_text(turn))
  known[turn] = blocks
  return blocks
end

---@param view maestro.view.View
---@param title string
---@param questions maestro.Block[] what is asked now
---@return maestro.Block[]
function M.blocks(view, title, questions)
  local blocks = { { key = 'title', text = '# ' .. texts.plain(title) .. '\n' } } ---@type maestro.Block[]
  for _, turn in ipairs(view.turns) do
    vim.list_extend(blocks, turn_blocks(turn))
  end
  return vim.list_extend(blocks, questions)
end

return M
