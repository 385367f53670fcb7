---That questions wait, said in a corner in any mode: Neovim hides messages from who is inserting. It takes no key.

local M = {}

local api = vim.api

---@type integer? the window
local shown
local waiting = 0

---@param text string
---@return integer buf
local function buffer(text)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  api.nvim_buf_set_lines(buf, 0, -1, false, { text })
  return buf
end

---@param count integer how many questions wait; 0 takes the notice away
function M.show(count)
  waiting = count
  if shown and api.nvim_win_is_valid(shown) then
    api.nvim_win_close(shown, true)
  end
  shown = nil
  if count > 0 then
    local text = (' Maestro asks%s · :Maestro answer '):format(count > 1 and (' %d times'):format(count) or '')
    shown = api.nvim_open_win(buffer(text), false, {
      relative = 'editor',
      anchor = 'NE',
      row = 0,
      col = vim.o.columns,
      width = math.min(api.nvim_strwidth(text), vim.o.columns),
      height = 1,
      focusable = false,
      style = 'minimal',
      noautocmd = true,
    })
    vim.wo[shown].winhighlight = 'NormalFloat:WarningMsg'
  end
end

---A window is of one tab page only, and stays where the corner was.
api.nvim_create_autocmd({ 'TabEnter', 'VimResized' }, {
  group = api.nvim_create_augroup('maestro.notice', {}),
  callback = function()
    M.show(waiting)
  end,
})

return M
