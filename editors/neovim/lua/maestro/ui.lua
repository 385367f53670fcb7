---Words to the user: one line each.

local texts = require('maestro.text')

local M = {}

local KEPT = 100

---@type table<string, true>
local told = {}
---@type string[] the last lines, whole
M.history = {}

---Whether `vim.notify` is a plugin's or the user's: a function that stands in a file.
---@return boolean
local function is_replaced()
  local source = debug.getinfo(vim.notify, 'S').source
  return vim.startswith(source, '@') and vim.uv.fs_stat(source:sub(2)) ~= nil
end

---As much of a line as fits without Neovim asking for a key; who draws messages otherwise draws them whole.
---@param message string
---@return string
local function fitting(message)
  local room = vim.v.echospace
  if is_replaced() or vim.fn.strdisplaywidth(message) <= room then
    return message
  end
  local hint = '… (:Maestro messages)'
  hint = vim.fn.strdisplaywidth(hint) * 2 < room and hint or '…'
  return vim.fn.strcharpart(message, 0, math.max(0, room - vim.fn.strdisplaywidth(hint))) .. hint
end

---Whether somebody writes where Neovim shows messages, or would not see them for the mode that is shown there.
---@return boolean
local function is_taken()
  local mode = vim.api.nvim_get_mode().mode
  return mode:find('^c') ~= nil or (vim.o.showmode and mode:find('^[iRt]') ~= nil)
end

---Show a line, as soon as it can be seen and is in nobody's way.
---@param line string
---@param level vim.log.levels
local function show(line, level)
  if is_taken() and not is_replaced() then
    local again = vim.schedule_wrap(function()
      show(line, level)
    end)
    return vim.api.nvim_create_autocmd('ModeChanged', { pattern = '*:n*', once = true, callback = again })
  end
  if not pcall(vim.notify, fitting(line), level) then
    vim.api.nvim_echo({ { fitting(line) } }, true, {})
  end
  -- A second line before the first was drawn would make Neovim ask for a key.
  vim.cmd.redraw()
end

---@param message string
---@param level? vim.log.levels
local function notify(message, level)
  local line = 'maestro: ' .. texts.visible((message:gsub('%s*\n%s*', ' ')))
  table.insert(M.history, line)
  if #M.history > KEPT then
    table.remove(M.history, 1)
  end
  -- Neovim's own way of showing an error throws, which would end the autocommand or the command that tells it.
  vim.schedule(function()
    show(line, level or vim.log.levels.INFO)
  end)
end

---@param message string
function M.info(message)
  notify(message)
end

---@param message string
function M.warn(message)
  notify(message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  notify(message, vim.log.levels.ERROR)
end

---@param message string
function M.error_once(message)
  if not told[message] then
    told[message] = true
    M.error(message)
  end
end

---What `kind` of failure a person can mend by which command.
local hints = {
  authRequired = ':Maestro login',
  authExpired = ':Maestro login',
  authRejected = ':Maestro session',
  modelNotFound = ':Maestro model',
  internalError = ':Maestro log',
}

---The one line about a refused request.
---@param failure { message: string, data?: maestro.ErrorData }
---@return string
function M.line(failure)
  local data = type(failure.data) == 'table' and failure.data or {} --[[@as maestro.ErrorData]]
  local line = failure.message:gsub('%s*\n%s*', ' ')
  local candidates = vim.list_slice(data.candidates or {}, 1, 5)
  if #candidates > 0 then
    line = ('%s There is %s.'):format(line, table.concat(candidates, ', '))
  end
  local hint = hints[data.kind or '']
  return hint and ('%s (%s)'):format(line, hint) or line
end

---@param failure { message: string, data?: maestro.ErrorData }
function M.failure(failure)
  M.error(M.line(failure))
end

---@param name string as `ChatStarted`; the autocommand's pattern is `MaestroChatStarted`
---@param data table
function M.emit(name, data)
  vim.api.nvim_exec_autocmds('User', { pattern = 'Maestro' .. name, modeline = false, data = data })
end

return M
