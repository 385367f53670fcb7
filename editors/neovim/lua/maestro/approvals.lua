---Questions for permission: what is asked, and the answers. Nothing opens by itself: who writes must not answer by accident.

local questions = require('maestro.question')
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@class maestro.Question
---@field params maestro.PermissionRequestParams
---@field answer fun(result: maestro.PermissionRequestResult)
---@field read? boolean whether it was seen to its end

---@type maestro.Question[]
local open = {}

---@param request_id string
---@return maestro.Question?, integer?
function M.find(request_id)
  for index, question in ipairs(open) do
    if question.params.requestId == request_id then
      return question, index
    end
  end
end

---@param question maestro.Question
local function forget(question)
  vim.schedule(function()
    require('maestro.notice').show(#open)
    require('maestro.question_buffer').close(question)
    require('maestro.chat').redraw(question.params.chatId)
  end)
end

---@param request_id string
---@return maestro.Question?
local function take(request_id)
  local question, index = M.find(request_id)
  if question then
    table.remove(open, index)
    forget(question)
  end
  return question
end

---@return maestro.Question[]
function M.open()
  return open
end

---@param question maestro.Question
---@param option maestro.PermissionOption
function M.answer(question, option)
  local taken = take(question.params.requestId)
  if taken then
    taken.answer({ optionId = option.optionId })
  end
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
  require('maestro.chat').redraw(params.chatId)
  require('maestro.notice').show(#open)
  ui.warn(('a question, see :Maestro answer: %s'):format(texts.plain(params.summary)))
  ui.emit('PermissionAsked', { requestId = params.requestId, chatId = params.chatId })
  return coroutine.yield()
end

---@param params maestro.PermissionResolvedParams
function M.resolved(params)
  local question = take(params.requestId)
  if question then
    question.answer({ outcome = 'cancelled' })
    if params.by == 'timeout' then
      ui.warn('nobody answered in time: ' .. texts.plain(question.params.summary))
    end
  end
end

---@param chat_id string?
---@return maestro.Block[]
function M.blocks(chat_id)
  local blocks = {} ---@type maestro.Block[]
  for _, question in ipairs(open) do
    local params = question.params
    if chat_id and params.chatId == chat_id then
      blocks[#blocks + 1] = { key = 'question/' .. params.requestId, text = questions.with_options(params) }
    end
  end
  return blocks
end

---Choose where no line can be chosen on: the whole question is the prompt.
---@param question maestro.Question
local function select(question)
  local opts = {
    prompt = questions.text(question.params) .. '\n',
    kind = 'maestro_permission',
    format_item = function(option)
      return option.name
    end,
  }
  vim.ui.select(question.params.options, opts, function(option)
    if option then
      M.answer(question, option)
    end
  end)
end

---Answer by the line the cursor is on, `[1] Allow once`; elsewhere in a question, choose.
---@param key string? of the block
---@param line string
---@return boolean taken false where there is no question
function M.enter(key, line)
  local question = M.find(key and key:match('^question/(.*)$') or '')
  if not question then
    return false
  end
  local option = questions.option_on(question.params, line)
  if option then
    M.answer(question, option)
  else
    select(question)
  end
  return true
end

---@param chat_id string
---@return maestro.Question?
local function of_chat(chat_id)
  return vim.iter(open):find(function(question)
    return question.params.chatId == chat_id
  end)
end

---The question that is meant: that of this buffer, be it a question's or a chat's, else the oldest.
---@return maestro.Question?
---@return boolean is_clear whether no other could be
local function meant()
  local chat = require('maestro.chat').of(vim.api.nvim_get_current_buf())
  local here = require('maestro.question_buffer').here() or chat and chat.id and of_chat(chat.id)
  return here or open[1], here ~= nil or (chat == nil and #open == 1)
end

---@return string[] ids of what it can be answered
function M.names()
  local question = meant()
  return vim.tbl_map(function(option)
    return option.optionId
  end, question and question.params.options or {})
end

---@param question maestro.Question
---@param option_id string
---@param is_clear boolean whether it is this question that is answered
local function answer_by_name(question, option_id, is_clear)
  local option = vim.iter(question.params.options):find(function(one)
    return one.optionId == option_id
  end)
  if not option then
    return ui.error(("there is no answer '%s'; there are %s"):format(option_id, table.concat(M.names(), ', ')))
  elseif is_clear and (question.read or option.effect == 'deny') then
    return M.answer(question, option)
  end
  require('maestro.question_buffer').open(question)
  ui.warn(is_clear and 'this is what would be allowed; answer once you read it to its end' or 'answer here what is asked')
end

---Show a question, or answer it by an option's id: nothing is allowed before it was seen to its end.
---@param option_id? string
function M.answer_first(option_id)
  local question, is_clear = meant()
  if not question then
    ui.info('nothing is asked for')
  elseif option_id then
    answer_by_name(question, option_id, is_clear)
  else
    require('maestro.question_buffer').open(question)
  end
end

server.listen('approvals', function() end, function()
  local withdrawn = open
  open = {}
  vim.iter(withdrawn):each(forget)
end)

return M
