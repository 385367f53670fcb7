---Texts as pieces of Markdown: pure.

local M = {}

---@param text string
---@return string
function M.clean(text)
  return (text:gsub('\r\n?', '\n'))
end

---@param text string
---@return string
function M.quoted(text)
  return '> ' .. M.clean(text):gsub('\n', '\n> ')
end

---A fence longer than any inside.
---@param text string
---@param language? string
---@return string
function M.fenced(text, language)
  local longest = 2
  for run in text:gmatch('`+') do
    longest = math.max(longest, #run)
  end
  local fence = ('`'):rep(longest + 1)
  return ('%s%s\n%s\n%s'):format(fence, language or '', (M.clean(text):gsub('\n$', '')), fence)
end

return M
