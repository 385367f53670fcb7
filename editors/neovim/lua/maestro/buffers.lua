---Buffers of Maestro's own: how they are made, named, shown and read again.

local config = require('maestro.config')
local ui = require('maestro.ui')

local M = {}

local api = vim.api

---What shows a buffer named `maestro://KIND/REST` again.
---@type table<string, fun(buf: integer, rest: string)>
local readers = {
  chat = function(buf, id)
    require('maestro.chats').read(buf, id)
  end,
  context = function(buf, id)
    require('maestro.context').read(buf, id)
  end,
  question = function(buf, id)
    require('maestro.question_buffer').read(buf, id)
  end,
  intents = function(buf, id)
    require('maestro.intents').read(buf, id)
  end,
}

---@param buf integer
---@param name string
function M.read(buf, name)
  local kind, rest = name:match('^maestro://(%a+)/(.*)$')
  if readers[kind] then
    readers[kind](buf, rest)
  else
    ui.error('there is no ' .. name)
  end
end

---The file type comes last: whoever hears of it must see that the buffer is no file.
---@param buf integer
---@param filetype string
function M.prepare(buf, filetype)
  vim.bo[buf].buftype = 'nofile'
  vim.bo[buf].bufhidden = 'hide'
  vim.bo[buf].swapfile = false
  vim.bo[buf].filetype = filetype
end

---The buffer of this name, made if there is none. It reads nothing by itself.
---@param name string
---@return integer buf
---@return boolean is_new
function M.named(name)
  local found = vim.fn.bufnr('^' .. vim.fn.escape(name, '*?[]{}\\,') .. '$')
  if found ~= -1 and api.nvim_buf_is_loaded(found) then
    return found, false
  end
  local buf = found ~= -1 and found or api.nvim_create_buf(true, false)
  if found == -1 then
    api.nvim_buf_set_name(buf, name)
  end
  return buf, true
end

---@param command string
local function open_window(command)
  local ok, problem = pcall(vim.cmd, command)
  if not ok then
    local why = tostring(problem):gsub('^.-(E%d+:)', '%1')
    ui.error_once(("'%s' opens no window: %s"):format(command, why))
  end
end

---Show a buffer: where it is shown already, else in a new window, or in this one if none can be opened.
---@param buf integer
---@param command? string that opens the window; absent, the option `open`
---@return integer window
function M.show(buf, command)
  local window = vim.fn.bufwinid(buf)
  if window ~= -1 then
    api.nvim_set_current_win(window)
    return window
  end
  open_window(command or config.get().open)
  api.nvim_win_set_buf(0, buf)
  return api.nvim_get_current_win()
end

---Delete a buffer; while the command-line window is open Neovim lets nothing go, so once that is closed.
---@param buf integer
function M.delete(buf)
  if vim.fn.getcmdwintype() ~= '' then
    local again = vim.schedule_wrap(function()
      M.delete(buf)
    end)
    api.nvim_create_autocmd('CmdwinLeave', { once = true, callback = again })
  elseif api.nvim_buf_is_valid(buf) then
    api.nvim_buf_delete(buf, { force = true })
  end
end

---Show rows of a table, which do not wrap.
---@param buf integer
function M.show_table(buf)
  local window = M.show(buf, 'botright split')
  vim.wo[window][0].wrap = false
end

---@param buf integer
---@param keys table<string, { [1]: function, [2]: string }> what each key does, and in words
---@param mode? string
function M.map(buf, keys, mode)
  if not config.get().mappings then
    return
  end
  for key, what in pairs(keys) do
    local begins_another = keys[key .. key] ~= nil
    vim.keymap.set(mode or 'n', key, what[1], { buffer = buf, desc = what[2], nowait = not begins_another })
  end
end

---Read those that a session of Neovim brought back as if they were files.
function M.revive()
  for _, buf in ipairs(api.nvim_list_bufs()) do
    local name = api.nvim_buf_get_name(buf)
    if api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' and vim.startswith(name, 'maestro://') then
      M.read(buf, name)
    end
  end
end

---One that has gone meanwhile is left alone.
---@param buf integer
---@param lines string[]
function M.set_lines(buf, lines)
  if not api.nvim_buf_is_loaded(buf) then
    return
  end
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
end

return M
