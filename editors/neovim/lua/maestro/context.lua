---What a chat's next request sends, in a buffer: `dd` leaves a chunk out, `u` takes that back.

local buffers = require('maestro.buffers')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

local api = vim.api
local HEAD = 2

---@class maestro.ContextList
---@field chat_id string
---@field chunks maestro.Chunk[]
---@field deleted string[][] what was deleted here, the latest last

---@type table<integer, maestro.ContextList>
local by_buf = {}

---@param chunk maestro.Chunk
---@return string
local function line_of(chunk)
  local marks = (chunk.pinned and 'p' or ' ') .. (chunk.stale and '!' or ' ')
  local tokens = (chunk.tokensEstimated and '~' or '') .. chunk.tokens
  return ('%8s %s %-24s %s'):format(tokens, marks, texts.plain(chunk.label), texts.plain(chunk.preview))
end

---@param result { total: maestro.ContextTotal, budget?: maestro.ContextBudget }
---@return string
local function head_of(result)
  local budget = result.budget
  local size = budget and budget.size and (' of %d'):format(budget.size) or ''
  local tokens = budget and budget.used or result.total.tokens
  return ('%s · %d tokens%s'):format(texts.count(result.total.chunks, 'chunk'), tokens, size)
end

---@param buf integer
---@param chunks maestro.Chunk[] the pages so far
---@param cursor? string
local function load(buf, chunks, cursor)
  local list = by_buf[buf]
  if not list then
    return
  end
  local params = { chatId = list.chat_id, cursor = cursor, limit = 1000 }
  server.request(methods.CONTEXT_LIST, params, function(_, result)
    vim.list_extend(chunks, result.chunks)
    if result.nextCursor then
      return load(buf, chunks, result.nextCursor)
    end
    list.chunks = chunks
    buffers.set_lines(buf, vim.list_extend({ head_of(result), '' }, vim.tbl_map(line_of, chunks)))
  end)
end

---@param buf integer
---@param first integer zero-based row
---@param last integer
---@return maestro.Chunk[]
local function chunks_at(buf, first, last)
  local found = {} ---@type maestro.Chunk[]
  for row = first, last do
    found[#found + 1] = by_buf[buf].chunks[row - HEAD + 1]
  end
  return found
end

---Those under the cursor, or of the selected lines.
---@param buf integer
---@return maestro.Chunk[]
local function selected(buf)
  local here, there = vim.fn.line('.') - 1, vim.fn.line('v') - 1
  return chunks_at(buf, math.min(here, there), math.max(here, there))
end

---@param buf integer
---@param chunks maestro.Chunk[]
local function delete(buf, chunks)
  local ids = vim.tbl_map(function(chunk)
    return chunk.id
  end, chunks)
  if #ids == 0 then
    return
  end
  local list = by_buf[buf]
  server.request(methods.CONTEXT_DELETE, { ids = ids }, function(_, result)
    if #result.deleted > 0 then
      table.insert(list.deleted, result.deleted)
    end
    load(buf, {})
  end)
end

---An operator of Neovim: what the motion went over is left out.
function M.operate()
  local buf = api.nvim_get_current_buf()
  local first, last = api.nvim_buf_get_mark(buf, '['), api.nvim_buf_get_mark(buf, ']')
  delete(buf, chunks_at(buf, first[1] - 1, last[1] - 1))
end

---@param buf integer
---@param ids string[]
local function restore(buf, ids)
  server.request(methods.CONTEXT_RESTORE, { ids = ids }, function()
    load(buf, {})
  end)
end

---Restore something that was deleted before this buffer was opened.
---@param buf integer
function M.choose_deleted(buf)
  local list = by_buf[buf]
  local params = { chatId = list.chat_id, deleted = true, limit = 1000 }
  server.request(methods.CONTEXT_LIST, params, function(_, result)
    if #result.chunks == 0 then
      return ui.info('nothing was deleted')
    end
    local opts = { prompt = 'Restore', format_item = line_of }
    vim.ui.select(result.chunks, opts, function(chunk)
      if chunk then
        restore(buf, { chunk.id })
      end
    end)
  end)
end

---@param buf integer
local function undo(buf)
  local ids = table.remove(by_buf[buf].deleted)
  if ids then
    restore(buf, ids)
  else
    M.choose_deleted(buf)
  end
end

---@param buf integer
---@param change fun(chunk: maestro.Chunk): table
local function update(buf, change)
  for _, chunk in ipairs(selected(buf)) do
    server.request(methods.CONTEXT_UPDATE, vim.tbl_extend('force', { id = chunk.id }, change(chunk)), function()
      load(buf, {})
    end)
  end
end

local IS_READ = { file = true, range = true, selection = true }

---@param buf integer
local function read_again(buf)
  for _, chunk in ipairs(selected(buf)) do
    if not IS_READ[chunk.source] then
      return ui.info('only a file, or a part of one, can be read again')
    end
  end
  update(buf, function()
    return { refresh = true }
  end)
end

---@param buf integer
local function peek(buf)
  local chunk = selected(buf)[1]
  if chunk then
    server.request(methods.CONTEXT_GET, { id = chunk.id }, function(_, result)
      local opts = { border = 'single', title = texts.plain(chunk.label) }
      vim.lsp.util.open_floating_preview(vim.split(texts.visible(result.text), '\n'), '', opts)
    end)
  end
end

---@param keys string those that follow the operator
---@return fun()
local function operator(keys)
  return function()
    vim.go.operatorfunc = "v:lua.require'maestro.context'.operate"
    local count = vim.v.count > 0 and vim.v.count or ''
    api.nvim_feedkeys(count .. 'g@' .. keys, 'in', false)
  end
end

---@param chunk maestro.Chunk
---@return table
local function pin(chunk)
  return { pinned = not chunk.pinned }
end

---@param buf integer
local function map_keys(buf)
  ---@param call fun(buf: integer)
  local function on_buf(call)
    return function()
      call(buf)
    end
  end
  ---@param call fun()
  local function on_selection(call)
    return function()
      call()
      api.nvim_feedkeys(vim.keycode('<Esc>'), 'in', false)
    end
  end
  local function toggle()
    update(buf, pin)
  end
  local leave_out = on_selection(function()
    delete(buf, selected(buf))
  end)
  buffers.map(buf, {
    d = { operator(''), 'Leave the chunks of a motion out of what is sent' },
    dd = { operator('_'), 'Leave the chunk out of what is sent' },
    u = { on_buf(undo), 'Take the last deletion back' },
    p = { toggle, 'Pin the chunk, or release it' },
    r = { on_buf(read_again), 'Read the file again' },
    ['<CR>'] = { on_buf(peek), 'Show what is sent' },
  })
  buffers.map(buf, {
    d = { leave_out, 'Leave the chunks out of what is sent' },
    x = { leave_out, 'Leave the chunks out of what is sent' },
    p = { on_selection(toggle), 'Pin the chunks, or release them' },
  }, 'x')
end

---@param buf integer
---@param chat_id string
function M.read(buf, chat_id)
  by_buf[buf] = { chat_id = chat_id, chunks = {}, deleted = {} }
  buffers.prepare(buf, 'maestro_context')
  map_keys(buf)
  load(buf, {})
end

---@param chat_id string
function M.open(chat_id)
  local buf = buffers.named('maestro://context/' .. chat_id)
  M.read(buf, chat_id)
  buffers.show_table(buf)
end

---@param params maestro.ContextDidChangeParams
function M.changed(params)
  for buf, list in pairs(by_buf) do
    if not api.nvim_buf_is_loaded(buf) then
      by_buf[buf] = nil
    elseif params.chatId == nil or params.chatId == list.chat_id then
      load(buf, {})
    end
  end
end

return M
