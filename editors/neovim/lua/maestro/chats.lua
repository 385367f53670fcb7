---Chats in buffers: opened, read again, and kept up with.

local buffers = require('maestro.buffers')
local chats = require('maestro.chat')
local drawing = require('maestro.drawing')
local methods = require('maestro.protocol').methods
local sending = require('maestro.sending')
local server = require('maestro.server')
local texts = require('maestro.text')
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
  local chat
  chat = {
    buf = buf,
    id = id,
    drawing = drawing.new(buf, function()
      chats.draw(chat)
    end),
    view = views.whole(),
    title = 'New chat',
    attached = {},
    drawn_at = 0,
  }
  local before = chats.keep(chat)
  if before then
    chat.sending, chat.attached = before.sending, before.attached
    chat.model, chat.session = before.model, before.session
    chat.drawing:set_prompt(before.draft or '')
  end
  map_keys(chat)
  api.nvim_clear_autocmds({ group = group, buffer = buf })
  api.nvim_create_autocmd('BufUnload', {
    group = group,
    buffer = buf,
    callback = function()
      chat.draft = chat.drawing:prompt_text()
    end,
  })
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

---A buffer of a chat that nobody has is none.
---@param buf integer
---@param id string
---@param failure maestro.ErrorInfo
local function refused(buf, id, failure)
  if type(failure.data) == 'table' and failure.data.kind == 'chatNotFound' then
    buffers.delete(buf)
    return ui.error(("there is no chat '%s'; :Maestro chats lists those there are"):format(texts.plain(id)))
  end
  ui.failure(failure)
end

---Show a chat in its buffer from the beginning.
---@param buf integer
---@param id string
function M.read(buf, id)
  local chat = begin(buf, id)
  server.request(methods.CHAT_GET, { chatId = id, limit = 1 }, function(failure, found)
    if failure then
      return refused(buf, id, failure)
    end
    chat.title, chat.model = found.chat.title, chat.model or found.chat.model
    sending.fetch(chat)
  end, { quiet = true })
end

---Load the buffer of a chat that was put away.
---@param chat maestro.ChatBuffer
---@return maestro.ChatBuffer
local function back(chat)
  vim.bo[chat.buf].buflisted = true
  vim.fn.bufload(chat.buf)
  local loaded = chats.now(chat)
  return loaded ~= chat and loaded or begin(chat.buf)
end

---@param chat maestro.ChatBuffer
local function show(chat)
  chats.use(chat)
  local window = buffers.show(chat.buf)
  api.nvim_win_set_cursor(window, { api.nvim_buf_line_count(chat.buf), 0 })
end

---@param opts { id?: string, new?: boolean, attached?: maestro.InputPart }
function M.open(opts)
  local chat = not opts.new and not opts.id and chats.latest() or chats.by_id(opts.id)
  if chat and not api.nvim_buf_is_loaded(chat.buf) then
    chat = back(chat)
  end
  if not chat and opts.id then
    local buf = buffers.named('maestro://chat/' .. opts.id)
    M.read(buf, opts.id)
    chat = chats.of(buf)
  end
  chat = chat or begin(api.nvim_create_buf(true, false))
  if opts.attached and not vim.list_contains(vim.tbl_map(vim.inspect, chat.attached), vim.inspect(opts.attached)) then
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
  if params.removed then
    return ui.warn(("the chat '%s' was deleted"):format(texts.plain(chat.title)))
  end
  chat.title = params.chat.title
  if not chat.sending and params.chat.lastSeq > (chat.view.lastSeq or 0) then
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
