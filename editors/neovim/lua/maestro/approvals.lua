---Questions for permission: drawn in the chat they are about, else asked by `vim.ui.select`.

local render = require('maestro.render')
local server = require('maestro.server')
local ui = require('maestro.ui')

local M = {}

---@class maestro.Question
---@field params maestro.PermissionRequestParams
---@field answer fun(result: maestro.PermissionRequestResult)

---@type maestro.Question[]
local open = {}

---@param request_id string
---@return maestro.Question?, integer?
local function find(request_id)
  for index, question in ipairs(open) do
    if question.params.requestId == request_id then
      return question, index
    end
  end
end

---@param request_id string
---@return maestro.Question?
local function take(request_id)
  local question, index = find(request_id)
  if question then
    table.remove(open, index)
    vim.schedule(function()
      require('maestro.chat').redraw(question.params.chatId)
    end)
  end
  return question
end

---@return maestro.Question[]
function M.open()
  return open
end

---@param request_id string
---@param option maestro.PermissionOption
function M.answer(request_id, option)
  local question = take(request_id)
  if question then
    question.answer({ optionId = option.optionId })
  end
end

---@param question maestro.Question
local function select(question)
  local params = question.params
  local opts = {
    prompt = ui.plain(params.summary) .. ' ',
    kind = 'maestro_permission',
    format_item = function(option)
      return option.name
    end,
  }
  vim.ui.select(params.options, opts, function(option)
    if option then
      M.answer(params.requestId, option)
    end
  end)
end

---Answers the server's request, from within the coroutine it came in.
---@param params maestro.PermissionRequestParams
---@return maestro.PermissionRequestResult
function M.ask(params)
  local asked = coroutine.running()
  local question = { params = params }
  question.answer = function(result)
    vim.schedule(function()
      coroutine.resume(asked, result)
    end)
  end
  table.insert(open, question)
  if require('maestro.chat').redraw(params.chatId) then
    ui.info(ui.plain(params.summary) .. ' (:Maestro answer)')
  else
    vim.schedule(function()
      select(question)
    end)
  end
  ui.emit('PermissionAsked', { requestId = params.requestId, chatId = params.chatId })
  return coroutine.yield()
end

---@param params maestro.PermissionResolvedParams
function M.resolved(params)
  local question = take(params.requestId)
  if question then
    question.answer({ outcome = 'cancelled' })
    if params.by == 'timeout' then
      ui.warn('nobody answered in time: ' .. ui.plain(question.params.summary))
    end
  end
end

---@param question maestro.Question
---@return maestro.Block
local function block(question)
  local params = question.params
  local pieces = { '### ' .. ui.plain(params.summary), render.subject_text(params.subject) }
  pieces[#pieces + 1] = table.concat(render.intent_lines(params.intent, params.risk), '\n')
  local options = {} ---@type string[]
  for number, option in ipairs(params.options) do
    options[number] = ('[%d] %s'):format(number, option.name)
  end
  pieces[#pieces + 1] = table.concat(options, '\n')
  return { key = 'question/' .. params.requestId, text = table.concat(pieces, '\n\n') .. '\n' }
end

---@param chat_id string?
---@return maestro.Block[]
function M.blocks(chat_id)
  local blocks = {} ---@type maestro.Block[]
  for _, question in ipairs(open) do
    if chat_id and question.params.chatId == chat_id then
      blocks[#blocks + 1] = block(question)
    end
  end
  return blocks
end

---Answer by the line the cursor is on, `[1] Allow once`; elsewhere in a question, choose.
---@param key string? of the block
---@param line string
---@return boolean taken false where there is no question
function M.enter(key, line)
  local question = find(key and key:match('^question/(.*)$') or '')
  if not question then
    return false
  end
  local option = question.params.options[tonumber(line:match('^%[(%d)%]'))]
  if option then
    M.answer(question.params.requestId, option)
  else
    select(question)
  end
  return true
end

---Answer the oldest question by an option's id, or choose.
---@param option_id? string
function M.answer_first(option_id)
  local question = open[1]
  if not question then
    return ui.info('nothing is asked for')
  end
  for _, option in ipairs(question.params.options) do
    if option.optionId == option_id then
      return M.answer(question.params.requestId, option)
    end
  end
  select(question)
end

server.listen('approvals', function() end, function()
  open = {}
end)

return M
