---The chats there are, to choose one from.

local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@param chat maestro.Chat
---@return string
local function line_of(chat)
  return ('%s · %s'):format(texts.plain(chat.title), texts.time(chat.updatedAt))
end

---@param query string words of a title or a message; empty for all
function M.choose(query)
  server.request(methods.CHAT_LIST, { query = query ~= '' and query or nil }, function(_, result)
    if #result.chats == 0 then
      return ui.info('there is no such chat')
    end
    vim.ui.select(result.chats, { prompt = 'Chat', format_item = line_of }, function(chat)
      if chat then
        require('maestro.chats').open({ id = chat.id })
      end
    end)
  end)
end

return M
