---Texts that come from elsewhere, made fit to be shown: what draws over other text or reorders it is seen as `\x1b`.

local M = {}

---Control characters but for tab and line ends, and marks of direction and of lines.
local DECEPTIVE = {
  '[%z\1-\8\11\12\14-\31\127]',
  '\194[\128-\159]',
  '\216\156',
  '\226\128[\142\143\168-\174]',
  '\226\129[\166-\169]',
}
---A byte each of them begins with.
local SUSPECT = '[%z\1-\8\11\12\14-\31\127\194\216\226]'

---@param character string UTF-8
---@return string
local function escape(character)
  local number = character == '\0' and 0 or vim.fn.char2nr(character)
  return number < 256 and ('\\x%02x'):format(number) or ('\\u%04x'):format(number)
end

---Line ends and tabs stay.
---@param text string
---@return string
function M.visible(text)
  if text:find(SUSPECT) then
    for _, pattern in ipairs(DECEPTIVE) do
      text = text:gsub(pattern, escape)
    end
  end
  return text
end

---Every text in a value of the protocol, in place.
---@generic T
---@param value T
---@return T
function M.all_visible(value)
  if type(value) == 'string' then
    return M.visible(value)
  elseif type(value) == 'table' then
    for key, inner in pairs(value) do
      value[key] = M.all_visible(inner)
    end
  end
  return value
end

---On one line.
---@param text string
---@return string
function M.plain(text)
  return M.visible((text:gsub('[\t\r\n]', ' ')))
end

local NAMES = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

---A word of a command as a shell would take it, on one line whatever is in it.
---@param word string
---@return string
function M.shell_word(word)
  local shown = M.visible((word:gsub('[\\\']', '\\%0'):gsub('[\n\r\t]', NAMES)))
  if shown == word:gsub('[\\\']', '\\%0') then
    return vim.fn.shellescape(word)
  end
  return "$'" .. shown .. "'"
end

---@param number integer
---@param noun string
---@return string
function M.count(number, noun)
  return ('%d %s%s'):format(number, noun, number == 1 and '' or 's')
end

---A time of the protocol as a clock on the wall shows it.
---@param iso string UTC, as `2026-01-31T12:00:00Z`
---@param format? string of `os.date`
---@return string
function M.time(iso, format)
  local year, month, day, hour, min, sec = iso:match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
  if not year then
    return M.plain(iso)
  end
  local there =
    os.time({ year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false }) --[[@as integer]]
  local offset = there - os.time(os.date('!*t', there) --[[@as osdateparam]])
  return os.date(format or '%Y-%m-%d %H:%M', there + offset) --[[@as string]]
end

return M
