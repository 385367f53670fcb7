---Blocks in a buffer, changed where they changed; below them the lines the user writes.

local M = {}

local api = vim.api
local namespace = api.nvim_create_namespace('maestro.drawing')

---@class maestro.Drawn
---@field key string
---@field text string
---@field mark integer extmark at the first line

---@class maestro.Drawing
---@field buf integer
---@field drawn maestro.Drawn[]
---@field prompt integer extmark at the first line the user writes
local Drawing = {}
Drawing.__index = Drawing

---@param text string
---@return string[]
local function lines_of(text)
  return vim.split(text, '\n', { plain = true })
end

---@param buf integer its text is replaced
---@return maestro.Drawing
function M.new(buf)
  local self = setmetatable({ buf = buf, drawn = {} }, Drawing)
  api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  self.prompt = self:_mark(0)
  return self
end

---@param row integer
---@param id? integer
---@return integer id
function Drawing:_mark(row, id)
  return api.nvim_buf_set_extmark(self.buf, namespace, row, 0, { id = id, right_gravity = false })
end

---@param mark integer
---@return integer row
function Drawing:_row(mark)
  local position = api.nvim_buf_get_extmark_by_id(self.buf, namespace, mark, {})
  return math.min(position[1] or math.huge, api.nvim_buf_line_count(self.buf))
end

---@return integer row zero-based; there is such a line
function Drawing:prompt_row()
  local row = self:_row(self.prompt)
  if row >= api.nvim_buf_line_count(self.buf) then
    api.nvim_buf_set_lines(self.buf, -1, -1, false, { '' })
    row = api.nvim_buf_line_count(self.buf) - 1
    self:_mark(row, self.prompt)
  end
  return row
end

---What the user wrote below everything.
---@return string
function Drawing:prompt_text()
  return vim.trim(table.concat(api.nvim_buf_get_lines(self.buf, self:prompt_row(), -1, false), '\n'))
end

---@param text string
function Drawing:set_prompt(text)
  api.nvim_buf_set_lines(self.buf, self:prompt_row(), -1, false, lines_of(text))
end

---The key of the block a line is in.
---@param row integer zero-based
---@return string?
function Drawing:key_at(row)
  for index = #self.drawn, 1, -1 do
    if self:_row(self.drawn[index].mark) <= row then
      return row < self:prompt_row() and self.drawn[index].key or nil
    end
  end
end

---The row behind a block: the next one's, or the prompt's.
---@param index integer
---@return integer
function Drawing:_end_row(index)
  local following = self.drawn[index + 1]
  return following and self:_row(following.mark) or self:prompt_row()
end

---@param index integer
function Drawing:_remove_from(index)
  local row = self:_row(self.drawn[index].mark)
  api.nvim_buf_set_lines(self.buf, row, self:prompt_row(), false, {})
  for place = #self.drawn, index, -1 do
    api.nvim_buf_del_extmark(self.buf, namespace, self.drawn[place].mark)
    self.drawn[place] = nil
  end
  self:_mark(row, self.prompt)
end

---@param block maestro.Block
function Drawing:_add(block)
  local row, lines = self:prompt_row(), lines_of(block.text)
  api.nvim_buf_set_lines(self.buf, row, row, false, lines)
  self:_mark(row + #lines, self.prompt)
  self.drawn[#self.drawn + 1] = { key = block.key, text = block.text, mark = self:_mark(row) }
end

---@param index integer
---@param block maestro.Block
function Drawing:_change(index, block)
  local drawn, row = self.drawn[index], self:_end_row(index) - 1
  if block.grows and row >= 0 and vim.startswith(block.text, drawn.text) then
    local line = api.nvim_buf_get_lines(self.buf, row, row + 1, false)[1]
    api.nvim_buf_set_text(self.buf, row, #line, row, #line, lines_of(block.text:sub(#drawn.text + 1)))
  else
    local first, lines = self:_row(drawn.mark), lines_of(block.text)
    api.nvim_buf_set_lines(self.buf, first, row + 1, false, lines)
    self:_mark(first, drawn.mark)
    local following = self.drawn[index + 1]
    self:_mark(first + #lines, following and following.mark or self.prompt)
  end
  drawn.text = block.text
end

---@param blocks maestro.Block[]
function Drawing:_sync(blocks)
  for index, block in ipairs(blocks) do
    local drawn = self.drawn[index]
    if drawn and drawn.key ~= block.key then
      self:_remove_from(index)
      drawn = nil
    end
    if not drawn then
      self:_add(block)
    elseif drawn.text ~= block.text then
      self:_change(index, block)
    end
  end
  if self.drawn[#blocks + 1] then
    self:_remove_from(#blocks + 1)
  end
end

---Make the buffer show these blocks. What is drawn is not undone by `u`, which is for what the user wrote since.
---@param blocks maestro.Block[]
function Drawing:sync(blocks)
  local levels = vim.bo[self.buf].undolevels
  vim.bo[self.buf].undolevels = -1
  local ok, problem = pcall(self._sync, self, blocks)
  vim.bo[self.buf].undolevels = levels
  vim.bo[self.buf].modified = false
  if not ok then
    error(problem, 0)
  end
end

return M
