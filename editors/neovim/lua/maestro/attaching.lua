---What goes with the next message: files and selections, checked when they are named.

local config = require('maestro.config')
local server = require('maestro.server')
local texts = require('maestro.text')

local M = {}

---@param path string absolute
---@return boolean
local function is_open(path)
  return vim.iter(vim.api.nvim_list_bufs()):any(function(buf)
    return vim.api.nvim_buf_is_loaded(buf) and vim.api.nvim_buf_get_name(buf) == path
  end)
end

---@return string folder what the server may read of without a file being open
local function workspace()
  local client = server.client()
  return client and client.root_dir or config.root(0)
end

---@param path string absolute
---@return string? problem one sentence
local function problem_of(path)
  local kind, name = (vim.uv.fs_stat(path) or {}).type, texts.plain(vim.fn.fnamemodify(path, ':~:.'))
  if is_open(path) then
    return nil
  elseif not kind then
    return ("there is no file '%s'"):format(name)
  elseif kind ~= 'file' then
    return ("'%s' is no file"):format(name)
  elseif not vim.fs.relpath(workspace(), path) then
    return ("'%s' is outside the workspace %s; open it first to attach it"):format(name, workspace())
  end
end

---@param path string? absent, the current buffer's
---@return maestro.InputPart?
---@return string? problem one sentence, where there is no such file to attach
function M.file(path)
  if not path and not config.is_file(0) then
    return nil, 'this buffer is no file that can be attached'
  end
  local whole = vim.fs.normalize(vim.fn.fnamemodify(path or vim.api.nvim_buf_get_name(0), ':p'))
  local problem = problem_of(whole)
  return not problem and { type = 'file', uri = vim.uri_from_fname(whole) } or nil, problem
end

---@param first integer one-based lines of the current buffer
---@param last integer
---@return maestro.InputPart? selection nil where the buffer is no file
function M.selection(first, last)
  if not config.is_file(0) then
    return nil
  end
  local range = {
    start = { line = first - 1, character = 0 },
    ['end'] = { line = last, character = 0 },
  }
  return { type = 'selection', uri = vim.uri_from_bufnr(0), range = range }
end

return M
