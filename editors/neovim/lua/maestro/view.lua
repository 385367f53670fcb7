---What a chat looks like after an event: pure, and by the same cases as the other editors (`tests/fixtures/reducers`).

local M = {}

---@class maestro.view.User
---@field id? string
---@field text? string
---@field attachments? maestro.AttachmentPart[]

---@alias maestro.view.Status "writing"|"ready"|"waiting"|"running"|"completed"|"failed"|"denied"|"cancelled"|"interrupted"

---A piece of a turn; which fields it has, its type says.
---@class maestro.view.Part
---@field type "text"|"reasoning"|"tool"|"notice"|"rerouted"
---@field messageId? string
---@field partId? string
---@field text? string
---@field toolCallId? string
---@field name? string
---@field status? maestro.view.Status
---@field arguments? string
---@field input? table
---@field complete? boolean
---@field intent? maestro.Intent
---@field risk? maestro.Risk
---@field output? string
---@field content? string
---@field durationMs? integer
---@field intentId? string
---@field observed? maestro.Observed
---@field severity? "info"|"warning"|"error"
---@field message? string
---@field from? string
---@field to? string
---@field reason? string

---@class maestro.view.Turn
---@field id string
---@field parts maestro.view.Part[]
---@field model? string
---@field sessionId? string
---@field user? maestro.view.User
---@field retry? { attempt: integer, delayMs: integer, error: maestro.ErrorInfo }
---@field usage? maestro.Usage
---@field cost? maestro.Cost
---@field context? maestro.UsageContext
---@field stopReason? maestro.StopReason absent while it runs
---@field limit? maestro.Limit
---@field error? maestro.ErrorInfo

---@class maestro.view.View
---@field turns maestro.view.Turn[]
---@field chatId? string
---@field lastSeq? integer
---@field behind? integer

local PERMISSIONS = { pending = 'waiting', denied = 'denied', granted = 'running', notNeeded = 'running' }
local OPEN = { writing = true, ready = true, waiting = true, running = true }

---A copy with some of another's fields, and without some of its own.
---@generic T: table
---@param base T
---@param from table
---@param names string[]
---@param dropped? string[]
---@return T
local function with(base, from, names, dropped)
  local copy = {}
  for name, value in pairs(base) do
    copy[name] = value
  end
  for _, name in ipairs(dropped or {}) do
    copy[name] = nil
  end
  for _, name in ipairs(names) do
    if from[name] ~= nil then
      copy[name] = from[name]
    end
  end
  return copy
end

---@generic T
---@param list T[]
---@param index integer
---@param item T
---@return T[]
local function replaced(list, index, item)
  local copy = vim.list_slice(list)
  copy[index] = item
  return copy
end

---@param turn maestro.view.Turn
---@param parts maestro.view.Part[]
---@return maestro.view.Turn
local function with_parts(turn, parts)
  return with(turn, { parts = parts }, { 'parts' })
end

---The turn with one part changed: the one that `new` names, or `new` itself at the end.
---@param turn maestro.view.Turn
---@param new maestro.view.Part
---@param change fun(part: maestro.view.Part): maestro.view.Part
---@return maestro.view.Turn
local function with_part(turn, new, change)
  for index = #turn.parts, 1, -1 do
    local part = turn.parts[index]
    if
      part.type == new.type
      and part.messageId == new.messageId
      and part.partId == new.partId
      and part.toolCallId == new.toolCallId
    then
      return with_parts(turn, replaced(turn.parts, index, change(part)))
    end
  end
  return with_parts(turn, replaced(turn.parts, #turn.parts + 1, change(new)))
end

---@param turn maestro.view.Turn
---@param event maestro.ToolStarted|maestro.ToolReady|maestro.ToolCompleted|maestro.ToolInputDelta|maestro.ToolOutputDelta
---@param names string[]
---@param dropped string[]
---@param also table
---@return maestro.view.Turn
local function with_call(turn, event, names, dropped, also)
  local new = { type = 'tool', toolCallId = event.toolCallId, name = event.name, status = 'writing' }
  return with_part(turn, new, function(part)
    return with(with(part, event, names, dropped), also, vim.tbl_keys(also))
  end)
end

---@param turn maestro.view.Turn
---@param event maestro.TextDelta|maestro.ReasoningDelta
---@return maestro.view.Turn
local function with_delta(turn, event)
  local kind = event.type == 'text.delta' and 'text' or 'reasoning'
  local new = { type = kind, messageId = event.messageId, partId = event.partId, text = '' }
  return with_part(turn, new, function(part)
    return with(part, { text = part.text .. event.text }, { 'text' })
  end)
end

---@param turn maestro.view.Turn
---@param toolCallId string
---@param name "arguments"|"output"
---@return string
local function so_far(turn, toolCallId, name)
  for _, part in ipairs(turn.parts) do
    if part.toolCallId == toolCallId then
      return part[name] or ''
    end
  end
  return ''
end

---@type table<string, fun(turn: maestro.view.Turn, event: table): maestro.view.Turn>
local take = { ['text.delta'] = with_delta, ['reasoning.delta'] = with_delta }

take['turn.started'] = function(turn, event)
  local user = with({ id = event.userMessageId }, event, { 'text', 'attachments' })
  local started = with(turn, event, { 'model', 'sessionId' })
  return next(user) and with(started, { user = user }, { 'user' }) or started
end

take['tool.started'] = function(turn, event)
  return with_call(turn, event, { 'name' }, {}, {})
end

take['tool.inputDelta'] = function(turn, event)
  return with_call(turn, event, {}, {}, { arguments = so_far(turn, event.toolCallId, 'arguments') .. event.text })
end

take['tool.ready'] = function(turn, event)
  local status = PERMISSIONS[event.permission] or 'ready'
  return with_call(turn, event, { 'name', 'input', 'complete', 'intent', 'risk' }, { 'arguments' }, { status = status })
end

take['tool.outputDelta'] = function(turn, event)
  local output = so_far(turn, event.toolCallId, 'output') .. event.text
  return with_call(turn, event, {}, {}, { status = 'running', output = output })
end

take['tool.completed'] = function(turn, event)
  local names = { 'status', 'content', 'durationMs', 'intentId', 'observed' }
  return with_call(turn, event, names, { 'arguments', 'output' }, {})
end

take['usage.updated'] = function(turn, event)
  return with(turn, event, { 'usage', 'cost', 'context' })
end

take['retrying'] = function(turn, event)
  return with(turn, { retry = with({}, event, { 'attempt', 'delayMs', 'error' }) }, { 'retry' })
end

take['restarted'] = function(turn, event)
  local kept = vim.tbl_filter(function(part)
    if part.type == 'tool' then
      return not OPEN[part.status]
    end
    return part.messageId ~= event.messageId
  end, turn.parts)
  return with_parts(turn, kept)
end

take['rerouted'] = function(turn, event)
  local part = with({ type = 'rerouted' }, event, { 'from', 'to', 'reason' })
  local moved = { model = event.to, sessionId = event.sessionId, parts = replaced(turn.parts, #turn.parts + 1, part) }
  return with(turn, moved, { 'model', 'sessionId', 'parts' }, { 'sessionId' })
end

take['notice'] = function(turn, event)
  local part = with({ type = 'notice' }, event, { 'severity', 'message' })
  return with_parts(turn, replaced(turn.parts, #turn.parts + 1, part))
end

take['turn.completed'] = function(turn, event)
  return with(turn, event, { 'stopReason', 'limit', 'usage', 'cost', 'error' })
end

---How many of a turn's parts stay when a message is gone back to; nil if it is none of its.
---@param turn maestro.view.Turn
---@param message_id string
---@return integer?
local function kept_of(turn, message_id)
  local parts = turn.parts
  if turn.user and turn.user.id == message_id then
    return 0
  end
  for index = #parts, 1, -1 do
    if parts[index].messageId == message_id then
      return index
    end
  end
  for index, part in ipairs(parts) do
    if part.toolCallId and message_id == turn.id .. '.call.' .. part.toolCallId then
      while parts[index + 1] and parts[index + 1].type == 'tool' do
        index = index + 1
      end
      return index
    end
  end
  return vim.startswith(message_id, turn.id .. '.') and #parts or nil
end

---@param turns maestro.view.Turn[]
---@param message_id string
---@return maestro.view.Turn[]
local function reverted(turns, message_id)
  for index = #turns, 1, -1 do
    local kept = kept_of(turns[index], message_id)
    if kept then
      local cut = with_parts(turns[index], vim.list_slice(turns[index].parts, 1, kept))
      return replaced(vim.list_slice(turns, 1, index), index, cut)
    end
  end
  return {}
end

---@param turns maestro.view.Turn[]
---@param event table
---@return maestro.view.Turn[]
local function turns_after(turns, event)
  if event.type == 'chat.reverted' then
    return reverted(turns, event.throughMessageId)
  end
  local change = take[event.type]
  if not change then
    return turns
  end
  local place = #turns + 1
  for index = #turns, 1, -1 do
    if turns[index].id == event.turnId then
      place = index
      break
    end
  end
  local turn = turns[place] or { id = event.turnId, parts = {} }
  return replaced(turns, place, change(with(turn, {}, {}, { 'retry' }), event))
end

---A view of a chat from its first event on: what comes before that was read is not taken.
---@return maestro.view.View
function M.whole()
  return { turns = {}, lastSeq = 0 }
end

---The view after an event; `view` itself stays as it is.
---@param view maestro.view.View
---@param event maestro.ChatEvent
---@return maestro.view.View
function M.reduce(view, event)
  if view.chatId and view.chatId ~= event.chatId then
    return view
  end
  local last, seq = view.lastSeq or event.seq - 1, event.seq
  if seq <= last then
    return view
  end
  if seq > last + 1 then
    return with(view, { behind = math.max(seq, view.behind or 0) }, { 'behind' })
  end
  local caught_up = (view.behind or 0) <= seq
  local seen = { lastSeq = seq, chatId = event.chatId, turns = turns_after(view.turns, event) }
  return with(view, seen, { 'lastSeq', 'chatId', 'turns' }, caught_up and { 'behind' } or {})
end

---@param view maestro.view.View
---@return maestro.view.Turn? turn the one that runs
function M.running(view)
  local last = view.turns[#view.turns]
  return last and not last.stopReason and last or nil
end

return M
