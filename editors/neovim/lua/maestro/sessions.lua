---Named sessions: chosen, bound, renamed, deleted.

local config = require('maestro.config')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@type maestro.Session[] those last heard of, for completion and the status
M.known = {}

---@param session maestro.Session
---@return string
local function line_of(session)
  local words = { session.name, session.provider, session.authType, session.status }
  if session.identity and session.identity.email then
    words[#words + 1] = session.identity.email
  end
  if session.isDefault then
    words[#words + 1] = 'default'
  end
  return texts.plain(table.concat(words, ' · '))
end

---@param call fun(sessions: maestro.Session[])
local function list(call)
  server.request(methods.SESSION_LIST, {}, function(_, result)
    M.known = result.sessions
    call(result.sessions)
  end)
end

---@param session maestro.Session
---@param words string
local function told(session, words)
  ui.info(("session '%s' %s"):format(texts.plain(session.name), words))
end

---@type table<string, fun(session: maestro.Session)>
local verbs = {}

function verbs.use(session)
  server.request(methods.SESSION_SET_DEFAULT, { sessionId = session.id }, function()
    told(session, 'is the default of ' .. session.provider)
  end)
end

function verbs.bind(session)
  local folder = vim.uri_from_fname(config.root(0))
  server.request(methods.SESSION_BIND, { sessionId = session.id, workspaceFolder = folder }, function()
    told(session, 'is used in ' .. vim.uri_to_fname(folder))
  end)
end

function verbs.chat(session)
  local chat = require('maestro.chat').current()
  if chat then
    require('maestro.chat').use_session(chat, session.name)
  end
end

function verbs.rename(session)
  vim.ui.input({ prompt = 'New name: ', default = session.name }, function(name)
    if name and name ~= '' then
      server.request(methods.SESSION_RENAME, { sessionId = session.id, name = name }, function(_, renamed)
        told(session, ("is called '%s' now"):format(renamed.name))
      end)
    end
  end)
end

function verbs.validate(session)
  server.request(methods.SESSION_VALIDATE, { sessionId = session.id }, function(_, found)
    told(session, 'is ' .. found.status)
  end)
end

function verbs.delete(session)
  vim.ui.select({ 'Delete', 'Keep' }, { prompt = ("Forget '%s'? "):format(session.name) }, function(choice)
    if choice == 'Delete' then
      server.request(methods.SESSION_DELETE, { sessionId = session.id }, function()
        told(session, 'is deleted')
      end)
    end
  end)
end

---@return string[]
function M.verbs()
  local names = vim.tbl_keys(verbs)
  table.sort(names)
  return names
end

---@param verb string one of `verbs`
---@param name? string without one the user chooses
function M.run(verb, name)
  local act = verbs[verb]
  list(function(sessions)
    for _, session in ipairs(sessions) do
      if session.name == name or session.id == name then
        return act(session)
      end
    end
    if name then
      return ui.error(("there is no session '%s'"):format(name))
    elseif #sessions == 0 then
      return ui.info('there is no session yet; :Maestro login makes one')
    end
    vim.ui.select(sessions, { prompt = 'Session to ' .. verb, format_item = line_of }, function(session)
      if session then
        act(session)
      end
    end)
  end)
end

---@param params maestro.SessionDidChangeParams
function M.changed(params)
  local changed = {} ---@type table<string, true>
  for _, session in ipairs(params.changed) do
    changed[session.id] = true
  end
  local kept = vim.tbl_filter(function(session)
    return not changed[session.id] and not vim.list_contains(params.removed, session.id)
  end, M.known)
  M.known = vim.list_extend(kept, params.changed)
  ui.emit('SessionsChanged', { reason = params.reason })
end

return M
