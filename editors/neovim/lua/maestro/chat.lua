---One chat in its buffer: what is known of it, and how that is drawn.

local approvals = require('maestro.approvals')
local render = require('maestro.render')
local views = require('maestro.view')

local M = {}

local api = vim.api
local namespace = api.nvim_create_namespace('maestro.chat')
local DRAW_EVERY_MS = 33

---@class maestro.Sending
---@field token string
---@field text string
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

---The chat of this buffer, or the one that was used last.
---@return maestro.ChatBuffer?
function M.current()
  local here = by_buf[api.nvim_get_current_buf()]
  if here then
    latest = here
  end
  return latest and api.nvim_buf_is_loaded(latest.buf) and latest or nil
end

---@return maestro.ChatBuffer[]
function M.all()
  return vim.tbl_values(by_buf)
end

---@param part maestro.InputPart
---@return string
local function label_of(part)
  local name = vim.fn.fnamemodify(vim.uri_to_fname(part.uri), ':~:.')
  if part.type == 'selection' then
    return ('%s:%d-%d'):format(name, part.range.start.line + 1, part.range['end'].line + 1)
  end
  return name
end

---@param chat maestro.ChatBuffer
local function mark_prompt(chat)
  local words = { 'You' }
  vim.list_extend(words, { chat.model, chat.session })
  vim.list_extend(words, vim.tbl_map(label_of, chat.attached))
  local line = { { '── ' .. table.concat(words, ' · ') .. ' ', 'Comment' } }
  api.nvim_buf_set_extmark(chat.buf, namespace, chat.drawing:prompt_row(), 0, {
    id = 1,
    virt_lines = { line },
    virt_lines_above = true,
    right_gravity = false,
  })
end

---@param chat maestro.ChatBuffer
function M.draw(chat)
  chat.drawn_at, chat.due = vim.uv.now(), nil
  if api.nvim_buf_is_loaded(chat.buf) then
    chat.drawing:sync(render.blocks(chat.view, chat.title, approvals.blocks(chat.id)))
    mark_prompt(chat)
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
---@return boolean shown whether the chat can be seen in a window
function M.redraw(id)
  local chat = M.by_id(id)
  if chat then
    M.draw(chat)
  end
  return chat ~= nil and vim.fn.bufwinid(chat.buf) ~= -1
end

---@param chat maestro.ChatBuffer
---@param id string
local function name(chat, id)
  if chat.id ~= id then
    chat.id = id
    api.nvim_buf_set_name(chat.buf, 'maestro://chat/' .. id)
  end
end

---@param chat maestro.ChatBuffer
---@param event maestro.ChatEvent
function M.take(chat, event)
  chat.view = views.reduce(chat.view, event)
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
