---Messages on their way: sent, answered, stopped; and events that are missing, caught up with.

local approvals = require('maestro.approvals')
local chats = require('maestro.chat')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local stream = require('maestro.stream')
local ui = require('maestro.ui')
local views = require('maestro.view')

local M = {}

local api = vim.api
local PAGE = 1000

---Read the events that are missing, page by page.
---@param chat maestro.ChatBuffer
function M.fetch(chat)
  if chat.fetching or not chat.id then
    return
  end
  chat.fetching = true
  local params = { chatId = chat.id, afterSeq = chat.view.lastSeq or 0, limit = PAGE }
  local is_coming = server.request(methods.CHAT_EVENTS, params, function(failure, page)
    chat.fetching = nil
    if failure then
      return ui.failure(failure)
    end
    for _, event in ipairs(page.events) do
      chats.learn(chat, event)
    end
    chats.draw_soon(chat)
    if #page.events > 0 and (not page.complete or chat.view.behind) then
      M.fetch(chat)
    end
  end, { quiet = true })
  if not is_coming then
    chat.fetching = nil
  end
end

---@param chat maestro.ChatBuffer
---@param event maestro.ChatEvent
function M.take(chat, event)
  chats.take(chat, event)
  if chat.view.behind then
    M.fetch(chat)
  end
end

---@param chat maestro.ChatBuffer
---@param text string
---@return string|maestro.InputPart[]
local function input_of(chat, text)
  if #chat.attached == 0 then
    return text
  end
  return vim.list_extend({ { type = 'text', text = text } }, chat.attached)
end

---Put what was not taken back where it can be sent again.
---@param chat maestro.ChatBuffer
---@param sending maestro.Sending
local function unsend(chat, sending)
  if #chat.attached == 0 then
    chat.attached = sending.attached
  end
  if not api.nvim_buf_is_loaded(chat.buf) then
    chat.draft = chat.draft or sending.text
  elseif chat.drawing:prompt_text() == '' then
    chat.drawing:set_prompt(sending.text)
  elseif sending.written then
    chat.drawing:set_prompt(sending.text .. '\n\n' .. chat.drawing:prompt_text())
  end
end

---Whether the refusal is that of a turn which had begun; one that waits for another turn names that one.
---@param failure maestro.ErrorInfo
---@return boolean
local function is_of_turn(failure)
  local data = type(failure.data) == 'table' and failure.data or {}
  return data.turnId ~= nil and data.kind ~= 'turnInProgress'
end

---@param chat maestro.ChatBuffer
---@param sending maestro.Sending
local function settle(chat, sending)
  stream.close(sending.token)
  if chat.sending == sending then
    chat.sending = nil
  end
end

---@param failure maestro.ErrorInfo
local function tell(failure)
  if type(failure.data) == 'table' and failure.data.kind == 'chatNotFound' then
    return ui.error('this chat was deleted; :Maestro! chat begins another')
  end
  ui.failure(failure)
end

---@param chat maestro.ChatBuffer
---@param sending maestro.Sending
---@param failure maestro.ErrorInfo?
---@param result table?
local function answered(chat, sending, failure, result)
  settle(chat, sending)
  if failure and not is_of_turn(failure) then
    unsend(chat, sending)
    tell(failure)
  elseif result and (chat.view.behind or (chat.view.lastSeq or 0) < result.lastSeq) then
    M.fetch(chat)
  end
  chats.draw(chat)
  ui.emit('ChatCompleted', { chatId = chat.id, stopReason = result and result.stopReason or 'error' })
end

---@param chat maestro.ChatBuffer
---@param sending maestro.Sending
---@param client vim.lsp.Client
local function request(chat, sending, client)
  local params = {
    chatId = chat.id,
    input = input_of(chat, sending.text),
    model = chat.model,
    sessionId = chat.session,
    partialResultToken = sending.token,
    workDoneToken = sending.token .. '-work',
  }
  sending.attached, chat.attached = chat.attached, {}
  sending.client = client
  sending.id = server.request_on(client, methods.CHAT_SEND, params, function(failure, result)
    answered(chats.now(chat), sending, failure, result)
  end)
  ui.emit('ChatSent', { chatId = chat.id })
end

---Send what is written below the chat, or a text.
---@param chat maestro.ChatBuffer
---@param words? string
function M.send(chat, words)
  local text = words or chat.drawing:prompt_text()
  if text == '' then
    return ui.info('nothing is written below the chat yet')
  elseif chat.sending then
    return ui.info('the chat is answering; :Maestro stop stops it')
  end
  local token = stream.open(function(event)
    M.take(chats.now(chat), event)
  end)
  local sending = { token = token, text = text, written = not words, attached = {} } ---@type maestro.Sending
  chat.sending = sending
  if sending.written then
    chat.drawing:set_prompt('')
  end
  local is_coming = server.with(function(client)
    if chats.now(chat).sending == sending then
      request(chats.now(chat), sending, client)
    end
  end)
  if not is_coming then
    settle(chat, sending)
    unsend(chat, sending)
  end
  chats.draw(chat)
end

---Stop the answer, whoever's window it runs in. Does not wait.
---@param chat maestro.ChatBuffer
function M.stop(chat)
  local sending, running = chat.sending, views.running(chat.view)
  if sending and sending.id then
    sending.client:cancel_request(sending.id)
  elseif chat.id and running then
    server.request(methods.CHAT_CANCEL, { chatId = chat.id })
  end
  -- A request that was cancelled before its turn began is never told to have ended.
  if sending and not running then
    settle(chat, sending)
  end
end

---The server went away: what was not taken can be sent again.
---@param chat maestro.ChatBuffer
function M.lost(chat)
  local sending = chat.sending
  if sending then
    settle(chat, sending)
    if not views.running(chat.view) then
      unsend(chat, sending)
    end
  end
  chat.fetching = nil
end

---Answer the question under the cursor, or send.
---@param chat maestro.ChatBuffer
function M.enter(chat)
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local key = api.nvim_get_current_buf() == chat.buf and chat.drawing:key_at(row) or nil
  if not approvals.enter(key, api.nvim_get_current_line()) then
    M.send(chat)
  end
end

return M
