---Logins: the server says each step, the user answers it; a code can be pasted while the browser is waited for.

local buffers = require('maestro.buffers')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

local api = vim.api

---@type maestro.Provider[] those last heard of, for completion
M.known = {}

---@type table<string, integer> login ids, with the buffer a code is pasted in
local pasting = {}

---@type fun(step: maestro.Step)
local follow

---@param login_id string
---@param inputs table<string, string>
local function continue(login_id, inputs)
  -- The end of a login that has a buffer is told when the server says so, whichever way it came about.
  local has_buffer = pasting[login_id] ~= nil
  server.request(methods.SESSION_CONTINUE, { loginId = login_id, inputs = inputs }, function(_, step)
    if not (has_buffer and step.type == 'done') then
      follow(step)
    end
  end)
end

---@param login_id string
local function cancel(login_id)
  server.request(methods.SESSION_CANCEL, { loginId = login_id })
end

---@param field maestro.StepField
---@return string? value
local function ask(field)
  local prompt = texts.plain(field.label) .. ': '
  local ok, value = pcall(field.secret and vim.fn.inputsecret or vim.fn.input, prompt)
  return ok and value ~= '' and value or nil
end

---A buffer whose last line takes what is pasted; it goes when the login ends.
---@param login_id string
---@param lines string[] what to do
---@param field? maestro.StepField
local function show(login_id, lines, field)
  local buf = pasting[login_id]
  if buf and api.nvim_buf_is_valid(buf) then
    return
  end
  buf = api.nvim_create_buf(false, true)
  pasting[login_id] = buf
  vim.bo[buf].bufhidden = 'wipe'
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  buffers.show(buf)
  if field then
    vim.bo[buf].buftype = 'prompt'
    vim.fn.prompt_setprompt(buf, texts.plain(field.label) .. ': ')
    vim.fn.prompt_setcallback(buf, function(text)
      continue(login_id, { [field.key] = vim.trim(text) })
    end)
    vim.bo[buf].modified = false
  end
  api.nvim_create_autocmd('BufWipeout', {
    buffer = buf,
    once = true,
    callback = function()
      if pasting[login_id] then
        pasting[login_id] = nil
        cancel(login_id)
      end
    end,
  })
end

---@type table<string, fun(step: table)>
local steps = {}

function steps.done(step)
  ui.info(("signed in to %s as '%s'"):format(step.session.provider, texts.plain(step.session.name)))
end

function steps.input(step)
  local inputs = {} ---@type table<string, string>
  for _, field in ipairs(step.fields) do
    inputs[field.key] = ask(field)
    if not inputs[field.key] then
      return cancel(step.loginId)
    end
  end
  continue(step.loginId, inputs)
end

function steps.openUrl(step)
  vim.ui.open(step.url)
  local lines = { 'Sign in with the browser. If none opened, open this address yourself:', '', step.url, '' }
  show(step.loginId, lines, step.fields[1])
end

function steps.deviceCode(step)
  local address = step.verificationUriComplete or step.verificationUri
  vim.ui.open(address)
  show(step.loginId, { 'Open this address on any device:', '', address, '', 'and enter ' .. step.userCode, '' })
end

follow = function(step)
  steps[step.type](step)
end

---@param params maestro.SessionLoginCompletedParams
function M.completed(params)
  local buf = pasting[params.loginId]
  pasting[params.loginId] = nil
  if buf then
    buffers.delete(buf)
  end
  if params.error then
    ui.failure(params.error)
  elseif buf and params.session then
    steps.done({ session = params.session })
  end
  ui.emit('LoginCompleted', { loginId = params.loginId, ok = params.error == nil })
end

---@class maestro.WayIn
---@field provider maestro.Provider
---@field auth_type maestro.AuthType
---@field flow maestro.Flow

---@param providers maestro.Provider[]
---@param wanted? string
---@return maestro.WayIn[]
local function ways(providers, wanted)
  local found = {} ---@type maestro.WayIn[]
  for _, provider in ipairs(providers) do
    for _, info in ipairs((not wanted or provider.id == wanted) and provider.authTypes or {}) do
      for _, flow in ipairs(info.flows) do
        found[#found + 1] = { provider = provider, auth_type = info.authType, flow = flow }
      end
    end
  end
  return found
end

---@param way maestro.WayIn
---@param name? string
local function begin(way, name)
  if not name or name == '' then
    return
  end
  local params = { provider = way.provider.id, authType = way.auth_type, flow = way.flow, name = name }
  server.request(methods.SESSION_CREATE, params, function(_, step)
    follow(step)
  end)
end

---@param provider? string its id; without one the user chooses
---@param name? string the session's
function M.start(provider, name)
  server.request(methods.PROVIDER_LIST, nil, function(_, result)
    M.known = result.providers
    local found = ways(result.providers, provider)
    if #found == 0 then
      return ui.error(("there is no provider '%s' to sign in to"):format(provider))
    end
    local opts = {
      prompt = 'Sign in to',
      format_item = function(way)
        return ('%s · %s · %s'):format(way.provider.label, way.auth_type, way.flow)
      end,
    }
    vim.ui.select(found, opts, function(way)
      if way and name then
        begin(way, name)
      elseif way then
        vim.ui.input({ prompt = 'Name of the session: ', default = way.provider.id }, function(chosen)
          begin(way, chosen)
        end)
      end
    end)
  end)
end

return M
