---`:Maestro {sub} …`: a row per subcommand, and their completion.

local ui = require('maestro.ui')

local M = {}

---@class maestro.Invocation
---@field words string[] the arguments behind the subcommand
---@field bang boolean
---@field first? integer of a range
---@field last? integer

---@class maestro.Subcommand
---@field run fun(invocation: maestro.Invocation)
---@field complete? fun(): string[]

---Names that were heard of before: completion asks nobody.
---@param module string
---@param field string
---@return fun(): string[]
local function known(module, field)
  return function()
    return vim.tbl_map(function(one)
      return one[field]
    end, require(module).known)
  end
end

---Call with the chat that is meant; with a new one if there is none yet.
---@param call fun(chat: maestro.ChatBuffer)
local function with_chat(call)
  local chats = require('maestro.chat')
  if not chats.current() then
    require('maestro.chats').open({})
  end
  call(assert(chats.current()))
end

---@param invocation maestro.Invocation
---@return maestro.InputPart? selection
local function selection(invocation)
  if not invocation.first or not require('maestro.config').is_file(0) then
    return nil
  end
  local range = {
    start = { line = invocation.first - 1, character = 0 },
    ['end'] = { line = invocation.last, character = 0 },
  }
  return { type = 'selection', uri = vim.uri_from_bufnr(0), range = range }
end

---@type table<string, maestro.Subcommand>
local subs = {}

subs.chat = {
  run = function(invocation)
    local id = invocation.words[1]
    require('maestro.chats').open({ id = id, new = invocation.bang, attached = selection(invocation) })
  end,
}

subs.chats = {
  run = function(invocation)
    require('maestro.history').choose(table.concat(invocation.words, ' '))
  end,
}

subs.attach = {
  run = function(invocation)
    local path = invocation.words[1] or vim.api.nvim_buf_get_name(0)
    local uri = vim.uri_from_fname(vim.fn.fnamemodify(path, ':p'))
    require('maestro.chats').open({ attached = { type = 'file', uri = uri } })
  end,
  complete = function()
    return vim.fn.getcompletion('', 'file')
  end,
}

subs.send = {
  run = function(invocation)
    with_chat(function(chat)
      local text = table.concat(invocation.words, ' ')
      require('maestro.sending').send(chat, text ~= '' and text or nil)
    end)
  end,
}

subs.enter = {
  run = function()
    with_chat(require('maestro.sending').enter)
  end,
}

subs.stop = {
  run = function()
    local chat = require('maestro.chat').current()
    if chat then
      require('maestro.sending').stop(chat)
    end
    require('maestro.audit').stop()
  end,
}

subs.answer = {
  run = function(invocation)
    require('maestro.approvals').answer_first(invocation.words[1])
  end,
  complete = function()
    local question = require('maestro.approvals').open()[1]
    return vim.tbl_map(function(option)
      return option.optionId
    end, question and question.params.options or {})
  end,
}

subs.audit = {
  run = function(invocation)
    local audit, what = require('maestro.audit'), invocation.words[1] or 'file'
    local targets = {
      file = function()
        audit.file(invocation.first, invocation.last)
      end,
      workspace = audit.workspace,
      clear = audit.clear,
    }
    if targets[what] then
      targets[what]()
    else
      audit.diff(what)
    end
  end,
  complete = function()
    return { 'file', 'workspace', 'clear', 'main...' }
  end,
}

subs.session = {
  run = function(invocation)
    local sessions, verb = require('maestro.sessions'), invocation.words[1] or 'use'
    if not vim.list_contains(sessions.verbs(), verb) then
      return ui.error(("a session can be %s, not '%s'"):format(table.concat(sessions.verbs(), ', '), verb))
    end
    sessions.run(verb, invocation.words[2])
  end,
  complete = function()
    return vim.list_extend(require('maestro.sessions').verbs(), known('maestro.sessions', 'name')())
  end,
}

subs.login = {
  run = function(invocation)
    require('maestro.login').start(invocation.words[1], invocation.words[2])
  end,
  complete = known('maestro.login', 'id'),
}

subs.model = {
  run = function(invocation)
    with_chat(function(chat)
      require('maestro.models').choose(chat, invocation.words[1])
    end)
  end,
  complete = known('maestro.models', 'id'),
}

subs.context = {
  run = function()
    local chat = require('maestro.chat').current()
    if chat and chat.id then
      require('maestro.context').open(chat.id)
    else
      ui.info('nothing was said yet, so nothing is sent')
    end
  end,
}

subs.intents = {
  run = function(invocation)
    local chat = not invocation.bang and require('maestro.chat').current()
    require('maestro.intents').open(chat and chat.id or nil)
  end,
}

subs.doctor = {
  run = function(invocation)
    require('maestro.doctor').show(invocation.bang)
  end,
}

subs.log = {
  run = function()
    require('maestro.log').open()
  end,
}

subs.messages = {
  run = function()
    if #ui.history == 0 then
      return ui.info('nothing was told yet')
    end
    vim.lsp.util.open_floating_preview(ui.history, '', { border = 'single', title = 'Maestro messages' })
  end,
}

subs.restart = {
  run = function()
    require('maestro.server').restart()
  end,
}

---@return string[]
function M.names()
  local names = vim.tbl_keys(subs)
  table.sort(names)
  return names
end

---@param args vim.api.keyset.create_user_command.command_args
function M.run(args)
  local words = vim.list_slice(args.fargs)
  local name = table.remove(words, 1) or 'chat'
  local sub = subs[name]
  if not sub then
    return ui.error(("there is no ':Maestro %s'; there are %s"):format(name, table.concat(M.names(), ', ')))
  end
  local ranged = args.range > 0
  sub.run({
    words = words,
    bang = args.bang,
    first = ranged and args.line1 or nil,
    last = ranged and args.line2 or nil,
  })
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:sub(1, #line - #lead)
  local sub = before:match('Maestro!?%s+(%S+)%s')
  local found = M.names()
  if sub then
    found = subs[sub] and subs[sub].complete and subs[sub].complete() or {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, found)
end

return M
