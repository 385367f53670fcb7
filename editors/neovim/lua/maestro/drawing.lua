---Blocks in a buffer, changed where they changed; below them the lines the user writes. What is drawn is nobody's to
---change: once it was, all of it is drawn again above what was last written.

local M = {}

local api = vim.api

---@class maestro.Drawn
---@field key string
---@field text string
---@field rows integer how many lines it has

---@class maestro.Drawing
---@field buf integer
---@field drawn maestro.Drawn[]
---@field blocks maestro.Block[] those to be drawn
---@field height integer how many lines are drawn; those the user writes begin there
---@field written string[] the lines the user wrote, as they were before what is drawn was touched
---@field looking boolean whether they are looked at soon
---@field touched boolean whether somebody changed what is drawn
---@field busy boolean whether a change is ours
---@field on_touched fun() called soon after, to draw again
local Drawing = {}
Drawing.__index = Drawing

---@type table<integer, maestro.Drawing> by buffer, the one that is its now
local current = setmetatable({}, { __mode = 'v' })

---@param text string
---@return string[]
local function lines_of(text)
  return vim.split(text, '\n', { plain = true })
end

---@param buf integer what is in it is what the user wrote
---@param on_touched fun()
---@return maestro.Drawing
function M.new(buf, on_touched)
  local self = setmetatable({ buf = buf, drawn = {}, blocks = {}, height = 0 }, Drawing)
  self.touched, self.busy, self.looking, self.on_touched = false, false, false, on_touched
  current[buf] = self
  self:_look()
  api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first)
      if current[buf] ~= self then
        return true
      elseif not self.busy and not self.touched then
        self:_changed(first)
      end
    end,
  })
  return self
end

---Take the buffer as it is for right.
function Drawing:_look()
  if not self.touched and api.nvim_buf_is_loaded(self.buf) then
    self.written = api.nvim_buf_get_lines(self.buf, self.height, -1, false)
  end
end

---@param first integer zero-based row of a change
function Drawing:_changed(first)
  if first < self.height then
    self.touched = true
    vim.schedule(self.on_touched)
  elseif api.nvim_get_mode().mode:find('^i') then
    self:_look()
  elseif not self.looking then
    -- A command that moves what is drawn tells first of where it puts it.
    self.looking = true
    vim.schedule(function()
      self.looking = false
      self:_look()
    end)
  end
end

---@return integer row zero-based; there is such a line
function Drawing:prompt_row()
  if api.nvim_buf_line_count(self.buf) <= self.height then
    self:_edit(function()
      api.nvim_buf_set_lines(self.buf, -1, -1, false, { '' })
    end)
  end
  return self.height
end

---What the user wrote below everything.
---@return string
function Drawing:prompt_text()
  local lines = self.touched and self.written or api.nvim_buf_get_lines(self.buf, self.height, -1, false)
  return vim.trim(table.concat(lines, '\n'))
end

---@param text string
function Drawing:set_prompt(text)
  self:mend()
  self:_edit(function()
    api.nvim_buf_set_lines(self.buf, self.height, -1, false, lines_of(text))
  end)
end

---The key of the block a line is in.
---@param row integer zero-based
---@return string?
function Drawing:key_at(row)
  self:mend()
  local first = 0
  for _, drawn in ipairs(self.drawn) do
    first = first + drawn.rows
    if row < first then
      return drawn.key
    end
  end
end

---@param index integer
---@return integer row zero-based
function Drawing:_first_row(index)
  local row = self.height
  for place = #self.drawn, index, -1 do
    row = row - self.drawn[place].rows
  end
  return row
end

---@param index integer
function Drawing:_remove_from(index)
  local row = self:_first_row(index)
  api.nvim_buf_set_lines(self.buf, row, self.height, false, {})
  for place = #self.drawn, index, -1 do
    self.drawn[place] = nil
  end
  self.height = row
end

---@param block maestro.Block
function Drawing:_add(block)
  local lines = lines_of(block.text)
  api.nvim_buf_set_lines(self.buf, self.height, self.height, false, lines)
  self.drawn[#self.drawn + 1] = { key = block.key, text = block.text, rows = #lines }
  self.height = self.height + #lines
end

---@param index integer
---@param block maestro.Block
function Drawing:_change(index, block)
  local drawn, first = self.drawn[index], self:_first_row(index)
  local before = drawn.rows
  if block.grows and vim.startswith(block.text, drawn.text) then
    local row, lines = first + before - 1, lines_of(block.text:sub(#drawn.text + 1))
    local line = api.nvim_buf_get_lines(self.buf, row, row + 1, false)[1]
    api.nvim_buf_set_text(self.buf, row, #line, row, #line, lines)
    drawn.rows = before + #lines - 1
  else
    local lines = lines_of(block.text)
    api.nvim_buf_set_lines(self.buf, first, first + before, false, lines)
    drawn.rows = #lines
  end
  drawn.text, self.height = block.text, self.height + drawn.rows - before
end

---Leave the lines the user wrote, and nothing else.
function Drawing:_forget()
  api.nvim_buf_set_lines(self.buf, 0, -1, false, self.written)
  self.drawn, self.height, self.touched = {}, 0, false
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

---Draw it all again; each window stays where it is.
function Drawing:_redraw()
  local views = {} ---@type table<integer, vim.fn.winsaveview.ret>
  for _, window in ipairs(vim.fn.win_findbuf(self.buf)) do
    views[window] = api.nvim_win_call(window, vim.fn.winsaveview)
  end
  self:_forget()
  self:_sync(self.blocks)
  for window, view in pairs(views) do
    api.nvim_win_call(window, function()
      vim.fn.winrestview(view)
    end)
  end
end

---Change the buffer, modifiable or not. What is drawn is not undone by `u`, which is for what the user wrote since.
---@param change fun()
function Drawing:_edit(change)
  local options = vim.bo[self.buf]
  local levels, modifiable = options.undolevels, options.modifiable
  options.undolevels, options.modifiable, self.busy = -1, true, true
  local ok, problem = pcall(change)
  options.undolevels, options.modifiable, self.busy = levels, modifiable, false
  options.modified = false
  if not ok then
    error(problem, 0)
  end
  self:_look()
end

---Make the buffer show these blocks.
---@param blocks maestro.Block[]
function Drawing:sync(blocks)
  self.blocks = blocks
  self:_edit(function()
    if self.touched then
      self:_redraw()
    else
      self:_sync(blocks)
    end
  end)
  self:prompt_row()
end

---Take back what was done to what is drawn.
function Drawing:mend()
  if self.touched then
    self:sync(self.blocks)
  end
end

return M
