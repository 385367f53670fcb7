---Chats in buffers: opened, read again, and kept up with.

local buffers = require('maestro.buffers')
local chats = require('maestro.chat')
local drawing = require('maestro.drawing')
local methods = require('maestro.protocol').methods
local sending = require('maestro.sending')
local server = require('maestro.server')
local ui = require('maestro.ui')
local views = require('maestro.view')

local M = {}

local api = vim.api
local group = api.nvim_create_augroup('maestro.chats', {})

---@param chat maestro.ChatBuffer
local function map_keys(chat)
  local function on_chat(call)
    return function()
      call(chat)
    end
  end
  buffers.map(chat.buf, {
    ['<CR>'] = { on_chat(sending.enter), 'Answer the question under the cursor, or send' },
    ['<C-c>'] = { on_chat(sending.stop), 'Stop the answer' },
  })
end

---Make a buffer a chat's.
---@param buf integer
---@param id? string
---@return maestro.ChatBuffer
local function begin(buf, id)
  buffers.prepare(buf, 'markdown')
  api.nvim_buf_set_lines(buf, 0, -1, false, { '' })
  ---@type maestro.ChatBuffer
  local chat = {
    buf = buf,
    id = id,
    drawing = drawing.new(buf),
    view = views.whole(),
    title = 'New chat',
    attached = {},
    drawn_at = 0,
  }
  local before = chats.keep(chat)
  if before then
    chat.sending, chat.attached = before.sending, before.attached
    chat.model, chat.session = before.model, before.session
  end
  map_keys(chat)
  api.nvim_clear_autocmds({ group = group, buffer = buf })
  api.nvim_create_autocmd('BufWipeout', {
    group = group,
    buffer = buf,
    callback = function()
      sending.stop(chats.now(chat))
      chats.forget(chat)
    end,
  })
  chats.draw(chat)
  return chat
end

---Show a chat in its buffer from the beginning.
---@param buf integer
---@param id string
function M.read(buf, id)
  local chat = begin(buf, id)
  server.request(methods.CHAT_GET, { chatId = id, limit = 1 }, function(_, found)
    chat.title, chat.model = found.chat.title, chat.model or found.chat.model
    sending.fetch(chat)
  end)
end

---@param chat maestro.ChatBuffer
local function show(chat)
  chats.use(chat)
  local window = buffers.show(chat.buf)
  api.nvim_win_set_cursor(window, { api.nvim_buf_line_count(chat.buf), 0 })
end

---@param opts { id?: string, new?: boolean, attached?: maestro.InputPart }
function M.open(opts)
  local chat = not opts.new and not opts.id and chats.current() or chats.by_id(opts.id)
  if not chat and opts.id then
    local buf = buffers.named('maestro://chat/' .. opts.id)
    M.read(buf, opts.id)
    chat = chats.of(buf)
  end
  chat = chat or begin(api.nvim_create_buf(true, false))
  if opts.attached then
    table.insert(chat.attached, opts.attached)
    chats.draw(chat)
  end
  show(chat)
end

---The server told of a chat, changed here or in another window.
---@param params maestro.ChatDidChangeParams
function M.changed(params)
  local chat = chats.by_id(params.chat.id)
  if not chat then
    return
  end
  chat.title = params.chat.title
  if params.removed then
    ui.warn(("the chat '%s' was deleted"):format(ui.plain(chat.title)))
  elseif not chat.sending and params.chat.lastSeq > (chat.view.lastSeq or 0) then
    sending.fetch(chat)
  end
  chats.draw_soon(chat)
end

server.listen('chats', function()
  for _, chat in ipairs(chats.all()) do
    sending.fetch(chat)
  end
end, function()
  for _, chat in ipairs(chats.all()) do
    sending.lost(chat)
  end
end)

return M
