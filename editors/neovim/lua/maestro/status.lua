---What a statusline shows, kept from what the server told.

local ui = require('maestro.ui')

local M = {}

---@class maestro.StatusTable
---@field state "normal"|"busy"|"warning"|"error"|"inactive"
---@field message string one line; empty if there is nothing to say
---@field chat? string the title of the chat that was used last
---@field model? string
---@field session? string
---@field running boolean whether it answers
---@field waiting integer how many questions for permission are open
---@field usage? maestro.Usage of its last turn
---@field cost? maestro.Cost

---@type maestro.Status
local NOBODY = { state = 'inactive', message = '' }
local told = NOBODY

---@param params maestro.Status
function M.changed(params)
  told = params
  ui.emit('StatusChanged', { state = params.state, message = params.message })
end

---The server is gone, and with it what it said last.
function M.gone()
  M.changed(NOBODY)
end

---@param chat maestro.ChatBuffer
---@param status maestro.StatusTable
local function add_chat(chat, status)
  local turn = chat.view.turns[#chat.view.turns]
  local running = chat.sending ~= nil or require('maestro.view').running(chat.view) ~= nil
  status.chat, status.running = chat.title, running
  status.session, status.model = chat.session, chat.model
  if turn then
    status.model = chat.model or turn.model
    status.usage, status.cost = turn.usage, turn.cost
  end
end

---Nothing is asked of the server, nor loaded for this.
---@return maestro.StatusTable
function M.get()
  local chats, approvals = package.loaded['maestro.chat'], package.loaded['maestro.approvals']
  ---@type maestro.StatusTable
  local status = { state = told.state, message = told.message, running = false, waiting = 0 }
  local chat = chats and chats.current()
  if chat then
    add_chat(chat, status)
  end
  status.waiting = approvals and #approvals.open() or 0
  return status
end

return M
