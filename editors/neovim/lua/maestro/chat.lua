---One chat in its buffer: what is known of it, and how that is drawn.

local approvals = require('maestro.approvals')
local prompt_line = require('maestro.prompt_line')
local render = require('maestro.render')
local texts = require('maestro.text')
local views = require('maestro.view')

local M = {}

local api = vim.api
local DRAW_EVERY_MS = 33

---@class maestro.Sending
---@field token string
---@field text string
---@field written boolean whether that stood below the chat
---@field attached maestro.InputPart[] what went with it
---@field client? vim.lsp.Client absent while it is waited for
---@field id? integer of the request

---@class maestro.ChatBuffer
---@field buf integer
---@field drawing maestro.Drawing
---@field view maestro.view.View
---@field title string
---@field id? string absent until something was said
---@field model? string
---@field session? string
---@field attached maestro.InputPart[] what goes with the next message
---@field sending? maestro.Sending
---@field fetching? boolean
---@field draft? string what was written below the chat when its buffer was unloaded
---@field drawn_at number
---@field due? boolean a draw is

---@type table<integer, maestro.ChatBuffer>
local by_buf = {}
---@type maestro.ChatBuffer? the one that was used last
local latest

---Make a chat its buffer's, in the place of the one before, which is returned.
---@param chat maestro.ChatBuffer
---@return maestro.ChatBuffer? before
function M.keep(chat)
  local before = by_buf[chat.buf]
  by_buf[chat.buf], latest = chat, chat
  return before
end

---@param chat maestro.ChatBuffer
function M.forget(chat)
  by_buf[chat.buf] = nil
end

---@param chat maestro.ChatBuffer
function M.use(chat)
  latest = chat
end

---@param buf integer
---@return maestro.ChatBuffer?
function M.of(buf)
  return by_buf[buf]
end

---The chat as its buffer has it now: |:edit| begins it anew.
---@param chat maestro.ChatBuffer
---@return maestro.ChatBuffer
function M.now(chat)
  return by_buf[chat.buf] or chat
end

---@param id string?
---@return maestro.ChatBuffer?
function M.by_id(id)
  for _, chat in pairs(by_buf) do
    if id and chat.id == id then
      return chat
    end
  end
end

---The chat of this buffer, or the one that was used last; its buffer may have been put away by |:bdelete|.
---@return maestro.ChatBuffer?
function M.latest()
  latest = by_buf[api.nvim_get_current_buf()] or latest
  return latest and by_buf[latest.buf]
end

---The same, if its buffer is there.
---@return maestro.ChatBuffer?
function M.current()
  local chat = M.latest()
  return chat and api.nvim_buf_is_loaded(chat.buf) and chat or nil
end

---@return maestro.ChatBuffer[]
function M.all()
  return vim.tbl_values(by_buf)
end

local ELSEWHERE = { key = 'elsewhere', text = '> A question waits in the window that sent the message.\n' }

---The questions about a chat; one that is put to somebody else is said to be.
---@param chat maestro.ChatBuffer
---@return maestro.Block[]
local function questions_of(chat)
  local asked, turn = approvals.blocks(chat.id), views.running(chat.view)
  if #asked > 0 or chat.sending or not turn then
    return asked
  end
  for _, part in ipairs(turn.parts) do
    if part.status == 'waiting' then
      return { ELSEWHERE }
    end
  end
  return asked
end

---@param chat maestro.ChatBuffer
function M.draw(chat)
  chat.drawn_at, chat.due = vim.uv.now(), nil
  if by_buf[chat.buf] == chat and api.nvim_buf_is_loaded(chat.buf) then
    chat.drawing:sync(render.blocks(chat.view, chat.title, questions_of(chat)))
    prompt_line.show(chat)
  end
end

---Draw soon, and at most every 33 ms.
---@param chat maestro.ChatBuffer
function M.draw_soon(chat)
  local wait = chat.drawn_at + DRAW_EVERY_MS - vim.uv.now()
  if chat.due then
    return
  elseif wait <= 0 then
    return M.draw(chat)
  end
  chat.due = true
  vim.defer_fn(function()
    M.draw(chat)
  end, wait)
end

---@param id string? a chat's
function M.redraw(id)
  local chat = M.by_id(id)
  if chat then
    M.draw(chat)
  end
end

---@param chat maestro.ChatBuffer
---@param id string
local function name(chat, id)
  if chat.id ~= id then
    chat.id = id
    api.nvim_buf_set_name(chat.buf, 'maestro://chat/' .. id)
  end
end

---Take an event into the view. What others wrote is made fit to be shown as it comes, piece by piece.
---@param chat maestro.ChatBuffer
---@param event maestro.ChatEvent
function M.learn(chat, event)
  chat.view = views.reduce(chat.view, texts.all_visible(event))
end

---@param chat maestro.ChatBuffer
---@param event maestro.ChatEvent
function M.take(chat, event)
  M.learn(chat, event)
  if event.chatId and not chat.id then
    name(chat, event.chatId)
  end
  M.draw_soon(chat)
end

---@param chat maestro.ChatBuffer
---@param model string
function M.use_model(chat, model)
  chat.model = model
  M.draw(chat)
end

---@param chat maestro.ChatBuffer
---@param session string its name
function M.use_session(chat, session)
  chat.session = session
  M.draw(chat)
end

return M
