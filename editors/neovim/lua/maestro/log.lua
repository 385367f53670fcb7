---Where the server writes its log, and a window on it.

local ui = require('maestro.ui')

local M = {}

---@return string
local function folder()
  local home, env = vim.uv.os_homedir() or '', vim.env
  local system = vim.uv.os_uname().sysname
  if env.MAESTRO_HOME then
    return vim.fs.joinpath(env.MAESTRO_HOME, 'cache', 'log')
  elseif system == 'Darwin' then
    return vim.fs.joinpath(home, 'Library', 'Logs', 'maestro')
  elseif system:find('Windows') then
    return vim.fs.joinpath(env.LOCALAPPDATA or home, 'maestro', 'Logs')
  end
  return vim.fs.joinpath(env.XDG_STATE_HOME or vim.fs.joinpath(home, '.local', 'state'), 'maestro', 'log')
end

---@return string
function M.path()
  return vim.fs.joinpath(folder(), 'maestro.log')
end

---The server's log; Neovim's own where there is none, as it has what the server wrote to stderr.
function M.open()
  local path = vim.uv.fs_stat(M.path()) and M.path() or vim.lsp.get_log_path()
  if not vim.uv.fs_stat(path) then
    return ui.info('nothing was logged yet')
  end
  vim.cmd.split(vim.fn.fnameescape(path))
  vim.bo.autoread = true
  vim.cmd('normal! G')
end

return M
