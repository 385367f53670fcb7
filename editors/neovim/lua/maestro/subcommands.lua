---The subcommands of `:Maestro`, a row each: what it does, how many words it takes, and which can be completed.

local ui = require('maestro.ui')

---@class maestro.Invocation
---@field words string[] the arguments behind the subcommand
---@field text? string the same, as they were typed
---@field bang boolean
---@field first? integer of a range
---@field last? integer

---@class maestro.Subcommand
---@field run fun(invocation: maestro.Invocation)
---@field most? integer words it takes; absent, any number
---@field complete? fun(place: integer, lead: string): string[] for the word in this place, from 1

---@type table<string, maestro.Subcommand>
local subs = {}

---Call with the chat that is meant; with a new one if there is none yet.
---@param call fun(chat: maestro.ChatBuffer)
local function with_chat(call)
  local chats = require('maestro.chat')
  if not chats.current() then
    require('maestro.chats').open({})
  end
  call(assert(chats.current()))
end

---The words from a place on, as one: names may have spaces.
---@param invocation maestro.Invocation
---@param place integer
---@return string?
local function from(invocation, place)
  return invocation.words[place] and table.concat(invocation.words, ' ', place) or nil
end

---@param names fun(): string[]
---@return fun(place: integer): string[]
local function first(names)
  return function(place)
    return place == 1 and names() or {}
  end
end

subs.chat = {
  most = 1,
  run = function(invocation)
    local opts = { id = invocation.words[1], new = invocation.bang }
    if invocation.first then
      opts.attached = require('maestro.attaching').selection(invocation.first, invocation.last)
    end
    require('maestro.chats').open(opts)
  end,
  complete = first(function()
    local ids = {} ---@type string[]
    for _, chat in ipairs(require('maestro.chat').all()) do
      ids[#ids + 1] = chat.id
    end
    return ids
  end),
}

subs.chats = {
  run = function(invocation)
    require('maestro.history').choose(table.concat(invocation.words, ' '))
  end,
}

subs.attach = {
  run = function(invocation)
    local part, problem = require('maestro.attaching').file(from(invocation, 1))
    if problem then
      return ui.error(problem)
    end
    require('maestro.chats').open({ attached = part })
  end,
  complete = function(_, lead)
    return require('maestro.names').files(lead)
  end,
}

subs.send = {
  run = function(invocation)
    with_chat(function(chat)
      require('maestro.sending').send(chat, invocation.text)
    end)
  end,
}

subs.enter = {
  most = 0,
  run = function()
    if not require('maestro.question_buffer').enter() then
      with_chat(require('maestro.sending').enter)
    end
  end,
}

subs.stop = {
  most = 0,
  run = function()
    local chat = require('maestro.chat').latest()
    if chat then
      require('maestro.sending').stop(chat)
    end
    require('maestro.audit').stop()
  end,
}

subs.answer = {
  most = 1,
  run = function(invocation)
    require('maestro.approvals').answer_first(invocation.words[1])
  end,
  complete = first(function()
    return require('maestro.approvals').names()
  end),
}

subs.audit = {
  most = 1,
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
  complete = first(function()
    return { 'file', 'workspace', 'clear', 'main...' }
  end),
}

subs.session = {
  run = function(invocation)
    local sessions, verb = require('maestro.sessions'), invocation.words[1] or 'use'
    if not vim.list_contains(sessions.verbs(), verb) then
      return ui.error(("a session can be %s, not '%s'"):format(table.concat(sessions.verbs(), ', '), verb))
    end
    sessions.run(verb, from(invocation, 2))
  end,
  complete = function(place)
    return place == 1 and require('maestro.sessions').verbs() or place == 2 and require('maestro.names').sessions() or {}
  end,
}

subs.login = {
  run = function(invocation)
    require('maestro.login').start(invocation.words[1], from(invocation, 2))
  end,
  complete = first(function()
    return require('maestro.names').providers()
  end),
}

subs.model = {
  most = 1,
  run = function(invocation)
    with_chat(function(chat)
      require('maestro.models').choose(chat, invocation.words[1])
    end)
  end,
  complete = first(function()
    return require('maestro.names').models()
  end),
}

subs.context = {
  most = 0,
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
  most = 0,
  run = function(invocation)
    local chat = not invocation.bang and require('maestro.chat').current()
    require('maestro.intents').open(chat and chat.id or nil)
  end,
}

subs.doctor = {
  most = 0,
  run = function(invocation)
    require('maestro.doctor').show(invocation.bang)
  end,
}

subs.log = {
  most = 0,
  run = function()
    require('maestro.log').open()
  end,
}

subs.messages = {
  most = 0,
  run = function()
    if #ui.history == 0 then
      return ui.info('nothing was told yet')
    end
    vim.lsp.util.open_floating_preview(ui.history, '', { border = 'single', title = 'Maestro messages' })
  end,
}

subs.restart = {
  most = 0,
  run = function()
    require('maestro.server').restart()
  end,
}

return subs
