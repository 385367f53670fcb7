---Models: listed, and chosen for a chat.

local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')
local ui = require('maestro.ui')

local M = {}

---@type maestro.Model[] those last heard of, for completion
M.known = {}

---@param model maestro.Model
---@return string
local function line_of(model)
  local window = model.contextWindow and (' · %dk'):format(math.floor(model.contextWindow / 1000)) or ''
  local retired = model.deprecated and ' · deprecated' or ''
  return texts.plain(model.id .. window .. retired)
end

---@param chat maestro.ChatBuffer
---@param id string
local function use(chat, id)
  require('maestro.chat').use_model(chat, id)
  ui.info(('the chat is answered by %s'):format(id))
end

---@param sources maestro.ModelSource[]
local function tell_failures(sources)
  for _, source in ipairs(sources) do
    if source.status == 'error' and source.error then
      ui.warn(('%s lists no models: %s'):format(source.provider, ui.line(source.error)))
    end
  end
end

---@param chat maestro.ChatBuffer
---@param name? string a long or short name, an alias or a route; without one the user chooses
function M.choose(chat, name)
  if name then
    return server.request(methods.MODEL_RESOLVE, { model = name }, function()
      use(chat, name)
    end)
  end
  server.request(methods.MODEL_LIST, {}, function(_, result)
    M.known = result.models
    tell_failures(result.sources)
    vim.ui.select(result.models, { prompt = 'Model', format_item = line_of }, function(model)
      if model then
        use(chat, model.id)
      end
    end)
  end)
end

return M
