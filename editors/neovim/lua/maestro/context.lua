---What a chat's next request sends, in a buffer: `dd` leaves a chunk out, `u` takes that back.

local buffers = require('maestro.buffers')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
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
  return ('%8s %s %-24s %s'):format(tokens, marks, ui.plain(chunk.label), ui.plain(chunk.preview))
end

---@param result { total: maestro.ContextTotal, budget?: maestro.ContextBudget }
---@return string
local function head_of(result)
  local budget = result.budget
  local size = budget and budget.size and (' of %d'):format(budget.size) or ''
  return ('%d chunks · %d tokens%s'):format(result.total.chunks, budget and budget.used or result.total.tokens, size)
end

---@param buf integer
---@param chunks maestro.Chunk[] the pages so far
---@param cursor? string
local function load(buf, chunks, cursor)
  local list = by_buf[buf]
  local params = { chatId = list.chat_id, cursor = cursor, limit = 1000 }
  server.request(methods.CONTEXT_LIST, params, function(_, result)
    vim.list_extend(chunks, result.chunks)
    if result.nextCursor then
      return load(buf, chunks, result.nextCursor)
    elseif api.nvim_buf_is_loaded(buf) then
      list.chunks = chunks
      buffers.set_lines(buf, vim.list_extend({ head_of(result), '' }, vim.tbl_map(line_of, chunks)))
    end
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
local function delete(buf)
  local ids = vim.tbl_map(function(chunk)
    return chunk.id
  end, selected(buf))
  if #ids == 0 then
    return
  end
  server.request(methods.CONTEXT_DELETE, { ids = ids }, function(_, result)
    table.insert(by_buf[buf].deleted, result.deleted)
    load(buf, {})
  end)
end

---@param buf integer
local function restore(buf)
  local ids = table.remove(by_buf[buf].deleted)
  if not ids then
    return M.choose_deleted(buf)
  end
  server.request(methods.CONTEXT_RESTORE, { ids = ids }, function()
    load(buf, {})
  end)
end

---Restore something that was deleted before this buffer was opened.
---@param buf integer
function M.choose_deleted(buf)
  local params = { chatId = by_buf[buf].chat_id, deleted = true, limit = 1000 }
  server.request(methods.CONTEXT_LIST, params, function(_, result)
    if #result.chunks == 0 then
      return ui.info('nothing was deleted')
    end
    local opts = { prompt = 'Restore', format_item = line_of }
    vim.ui.select(result.chunks, opts, function(chunk)
      if chunk then
        table.insert(by_buf[buf].deleted, { chunk.id })
        restore(buf)
      end
    end)
  end)
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

---@param buf integer
local function peek(buf)
  local chunk = selected(buf)[1]
  if chunk then
    server.request(methods.CONTEXT_GET, { id = chunk.id }, function(_, result)
      vim.lsp.util.open_floating_preview(vim.split(result.text, '\n'), '', { border = 'single', title = chunk.label })
    end)
  end
end

---@param buf integer
local function map_keys(buf)
  ---@param call fun(buf: integer)
  local function on_buf(call)
    return function()
      call(buf)
    end
  end
  local function pin(chunk)
    return { pinned = not chunk.pinned }
  end
  local function refresh()
    return { refresh = true }
  end
  local leave = vim.keycode('<Esc>')
  buffers.map(buf, {
    dd = { on_buf(delete), 'Leave the chunk out of what is sent' },
    u = { on_buf(restore), 'Take the last deletion back' },
    p = {
      function()
        update(buf, pin)
      end,
      'Pin the chunk, or release it',
    },
    r = {
      function()
        update(buf, refresh)
      end,
      'Read the file again',
    },
    ['<CR>'] = { on_buf(peek), 'Show what is sent' },
  })
  buffers.map(buf, {
    d = {
      function()
        delete(buf)
        api.nvim_feedkeys(leave, 'n', false)
      end,
      'Leave the chunks out of what is sent',
    },
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
