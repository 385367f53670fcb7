---The line above what the user writes: who answers it, by which session, and what goes with it.

local texts = require('maestro.text')

local M = {}

local api = vim.api
local namespace = api.nvim_create_namespace('maestro.chat')

---@param part maestro.InputPart
---@return string
local function label_of(part)
  local name = texts.plain(vim.fn.fnamemodify(vim.uri_to_fname(part.uri), ':~:.'))
  if part.type == 'selection' then
    return ('%s:%d-%d'):format(name, part.range.start.line + 1, part.range['end'].line + 1)
  end
  return name
end

---The words in lines that fit: Neovim cuts what does not.
---@param words string[]
---@param width integer
---@return string[]
function M.wrapped(words, width)
  local lines = { '── ' .. words[1] }
  for _, word in ipairs(vim.list_slice(words, 2)) do
    local longer = lines[#lines] .. ' · ' .. word
    if api.nvim_strwidth(longer) < width then
      lines[#lines] = longer
    else
      lines[#lines + 1] = '   ' .. word
    end
  end
  return lines
end

---@param chat maestro.ChatBuffer
function M.show(chat)
  local words, window = { 'You' }, vim.fn.bufwinid(chat.buf)
  vim.list_extend(words, { chat.model, chat.session })
  vim.list_extend(words, vim.tbl_map(label_of, chat.attached))
  local width = window ~= -1 and api.nvim_win_get_width(window) or vim.o.columns
  local lines = {} ---@type [string, string][][]
  for number, line in ipairs(M.wrapped(words, width)) do
    lines[number] = { { line .. ' ', 'Comment' } }
  end
  api.nvim_buf_set_extmark(chat.buf, namespace, chat.drawing:prompt_row(), 0, {
    id = 1,
    virt_lines = lines,
    virt_lines_above = true,
    right_gravity = false,
  })
end

return M
