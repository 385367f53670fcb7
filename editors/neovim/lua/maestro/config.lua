---What the user set in `vim.g.maestro`, checked when it is used.

local ui = require('maestro.ui')

local M = {}

---@class maestro.Config
---The server and its arguments.
---@field cmd string[]
---Whether tools may run and code may be sent in a workspace; a `.maestro.toml` in it must be trusted by `vim.secure` besides.
---@field trusted boolean
---Files and folders that mark the root of a workspace.
---@field root_markers string[]
---The command that opens a window for a chat.
---@field open string
---Keys in buffers of Maestro's own; false leaves `<Plug>` maps only.
---@field mappings boolean
---The server's settings, as in its `config.toml`.
---@field settings maestro.Settings

---@type maestro.Config
local defaults = {
  cmd = { 'maestro', 'lsp' },
  trusted = true,
  root_markers = { '.maestro.toml', '.git' },
  open = 'botright vsplit',
  mappings = true,
  settings = {},
}

---@param list table
---@return boolean
local function is_list_of_strings(list)
  return list[1] ~= nil and vim.islist(list) and vim.iter(list):all(function(one)
    return type(one) == 'string'
  end)
end

---@param given table
---@return string? problem one sentence
local function problem_of(given)
  for name, value in pairs(given) do
    local default = defaults[name]
    if default == nil then
      return ("vim.g.maestro has no option '%s'; see :help maestro-options"):format(name)
    end
    if type(value) ~= type(default) then
      return ('vim.g.maestro.%s must be a %s, not a %s'):format(name, type(default), type(value))
    end
  end
  for _, name in ipairs({ 'cmd', 'root_markers' }) do
    if given[name] and not is_list_of_strings(given[name]) then
      return ('vim.g.maestro.%s must be a list of strings, as %s'):format(name, vim.inspect(defaults[name]))
    end
  end
  if given.settings and given.settings[1] ~= nil then
    return 'vim.g.maestro.settings must have names, as { audit = { onSave = true } }'
  end
end

---The options; with a problem among them, which is told, the defaults.
---@return maestro.Config
function M.get()
  local given = vim.g.maestro
  if given == nil then
    return defaults
  end
  local problem = type(given) ~= 'table' and 'vim.g.maestro must be a table' or problem_of(given)
  if problem then
    ui.error_once(problem)
    return defaults
  end
  return vim.tbl_extend('force', defaults, given)
end

---@return string? problem
function M.problem()
  local given = vim.g.maestro
  if given ~= nil then
    return type(given) ~= 'table' and 'vim.g.maestro must be a table' or problem_of(given)
  end
end

---@param bufnr integer
---@return boolean whether it is, or will be, a file
function M.is_file(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  return vim.bo[bufnr].buftype == '' and name ~= '' and not name:find('^%w+://')
end

---@param bufnr integer
---@return string root the folder a buffer's workspace begins at
function M.root(bufnr)
  local from = M.is_file(bufnr) and bufnr or vim.fn.getcwd()
  return vim.fs.root(from, M.get().root_markers) or vim.fn.getcwd()
end

return M
