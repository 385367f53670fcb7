---Why tools were called and what they did, in a buffer.

local buffers = require('maestro.buffers')
local methods = require('maestro.protocol').methods
local server = require('maestro.server')
local texts = require('maestro.text')

local M = {}

local HEAD = 2
---@type table<integer, maestro.IntentRecord[]>
local by_buf = {}

---@param record maestro.IntentRecord
---@return string
local function line_of(record)
  local decision = record.decision and record.decision.outcome or 'open'
  local marks = record.mismatch and #record.mismatch > 0 and '!' or ' '
  local why = ('%s %s'):format(record.purpose or 'nothing declared', record.scope or '')
  return ('%s %s %-6s %-10s %-14s %s'):format(texts.time(record.at), marks, record.riskLevel, decision, record.tool, texts.plain(why))
end

---@param buf integer
local function peek(buf)
  local record = by_buf[buf][vim.fn.line('.') - HEAD]
  if record then
    local lines = vim.split(texts.visible(vim.inspect(record)), '\n')
    vim.lsp.util.open_floating_preview(lines, 'lua', { border = 'single', title = record.tool })
  end
end

---@param buf integer
---@param chat_id string empty for those of all chats
function M.read(buf, chat_id)
  by_buf[buf] = {}
  buffers.prepare(buf, 'maestro_intents')
  buffers.map(buf, {
    ['<CR>'] = {
      function()
        peek(buf)
      end,
      'Show the record',
    },
  })
  server.request(methods.INTENT_VERIFY, {}, function(_, ledger)
    local params = { chatId = chat_id ~= '' and chat_id or nil, limit = 1000 }
    server.request(methods.INTENT_LIST, params, function(_, result)
      by_buf[buf] = result.intents
      local state = ledger.ok and 'whole' or ('broken at ' .. ledger.firstBroken)
      local head = ('%s · the ledger is %s'):format(texts.count(#result.intents, 'intent'), state)
      buffers.set_lines(buf, vim.list_extend({ head, '' }, vim.tbl_map(line_of, result.intents)))
    end)
  end)
end

---@param chat_id? string
function M.open(chat_id)
  local buf = buffers.named('maestro://intents/' .. (chat_id or ''))
  M.read(buf, chat_id or '')
  buffers.show_table(buf)
end

return M
