---A question for permission in a buffer of its own, opened by who wants to answer it.

local approvals = require('maestro.approvals')
local buffers = require('maestro.buffers')
local questions = require('maestro.question')
local ui = require('maestro.ui')

local M = {}

local api = vim.api
local PREFIX = 'maestro://question/'
local group = api.nvim_create_augroup('maestro.question', {})

---@param question maestro.Question
---@return string
local function name_of(question)
  return PREFIX .. question.params.requestId
end

---@param buf integer
---@return string? request_id
local function id_of(buf)
  local name = api.nvim_buf_get_name(buf)
  return vim.startswith(name, PREFIX) and name:sub(#PREFIX + 1) or nil
end

---@return maestro.Question? question the one the current buffer shows
function M.here()
  return approvals.find(id_of(0) or '')
end

---Answer on the line of an answer; elsewhere, choose.
---@return boolean taken false where the buffer is no question's
function M.enter()
  local id = id_of(0)
  if id and not approvals.enter('question/' .. id, api.nvim_get_current_line()) then
    ui.info('this is asked no more')
  end
  return id ~= nil
end

---A question is read once its last line was in a window.
---@param buf integer
---@param question maestro.Question
local function watch(buf, question)
  local function look()
    for _, window in ipairs(vim.fn.win_findbuf(buf)) do
      question.read = question.read or vim.fn.line('w$', window) >= api.nvim_buf_line_count(buf)
    end
  end
  api.nvim_clear_autocmds({ group = group, buffer = buf })
  api.nvim_create_autocmd({ 'WinScrolled', 'CursorMoved' }, { group = group, buffer = buf, callback = look })
  look()
end

---@param buf integer
---@param id string
function M.read(buf, id)
  local question = approvals.find(id)
  buffers.prepare(buf, 'markdown')
  vim.bo[buf].bufhidden = 'wipe'
  local text = question and questions.with_options(question.params) or 'This is asked no more.'
  buffers.set_lines(buf, vim.split(text, '\n'))
  buffers.map(buf, { ['<CR>'] = { M.enter, 'Answer on the line of an answer; elsewhere, choose' } })
end

---@param question maestro.Question
function M.open(question)
  local buf = buffers.named(name_of(question))
  M.read(buf, question.params.requestId)
  local window = buffers.show(buf, 'botright split')
  vim.wo[window][0].wrap = true
  vim.wo[window][0].smoothscroll = true
  api.nvim_win_set_cursor(window, { 1, 0 })
  watch(buf, question)
end

---@param question maestro.Question
function M.close(question)
  local buf = vim.fn.bufnr('^' .. name_of(question) .. '$')
  if buf ~= -1 then
    buffers.delete(buf)
  end
end

return M
