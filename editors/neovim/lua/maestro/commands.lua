---`:Maestro {sub} …`: which subcommand is meant, with which words, and what can be completed.

local subs = require('maestro.subcommands')
local ui = require('maestro.ui')

local M = {}

---@return string[]
function M.names()
  local names = vim.tbl_keys(subs)
  table.sort(names)
  return names
end

---@param name string
---@param most integer
---@return string
local function too_many(name, most)
  local takes = most == 0 and 'no words' or most == 1 and 'one word at most' or ('%d words at most'):format(most)
  return ("':Maestro %s' takes %s"):format(name, takes)
end

---@param args vim.api.keyset.create_user_command.command_args
function M.run(args)
  local words = vim.list_slice(args.fargs)
  local name, bang = (table.remove(words, 1) or 'chat'):match('^(.-)(!?)$')
  local sub = subs[name]
  if not sub then
    return ui.error(("there is no ':Maestro %s'; there are %s"):format(name, table.concat(M.names(), ', ')))
  elseif vim.fn.getcmdwintype() ~= '' then
    return ui.error('close the command-line window first, by :q')
  elseif sub.most and #words > sub.most then
    return ui.error(too_many(name, sub.most))
  end
  local ranged = args.range > 0
  sub.run({
    words = words,
    text = args.args:match('^%S+%s+(.*)$'),
    bang = args.bang or bang == '!',
    first = ranged and args.line1 or nil,
    last = ranged and args.line2 or nil,
  })
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local before = line:sub(1, #line - #lead)
  local words = vim.split(before:match('M%a*!?%s+(.*)$') or '', '%s+', { trimempty = true })
  local name = table.remove(words, 1)
  local found = M.names()
  if name then
    local sub = subs[name:gsub('!$', '')]
    local complete = sub and sub.complete
    found = complete and complete(#words + 1, lead) or {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, found)
end

return M
