---Names to complete: those heard of before, else asked for at the first Tab and waited for only shortly.

local methods = require('maestro.protocol').methods
local process = require('maestro.process')
local server = require('maestro.server')

local M = {}

local WAIT_MS = 300

---@type table<string, true> methods whose answer is waited for
local asked = {}

---@param module string whose `known` has what was heard of
---@param method string
---@param field string of the result
---@return table[]
local function heard(module, method, field)
  local about = require(module)
  if not about.known[1] and not asked[method] and not process.problem() then
    asked[method] = true
    server.request(method, {}, function(failure, result)
      asked[method] = nil
      about.known = failure and about.known or result[field]
    end, { quiet = true })
    vim.wait(WAIT_MS, function()
      return not asked[method]
    end, 10)
  end
  return about.known
end

---@param list table[]
---@param field string
---@return string[] words as a command line takes them
local function words_of(list, field)
  return vim.tbl_map(function(one)
    return (one[field]:gsub(' ', '\\ '))
  end, list)
end

---@return string[]
function M.sessions()
  return words_of(heard('maestro.sessions', methods.SESSION_LIST, 'sessions'), 'name')
end

---@return string[]
function M.providers()
  return words_of(heard('maestro.login', methods.PROVIDER_LIST, 'providers'), 'id')
end

---@return string[]
function M.models()
  return words_of(heard('maestro.models', methods.MODEL_LIST, 'models'), 'id')
end

---@param lead string
---@return string[]
function M.files(lead)
  local found = vim.fn.getcompletion((lead:gsub('\\ ', ' ')), 'file')
  return vim.tbl_map(function(path)
    return (path:gsub(' ', '\\ '))
  end, found)
end

server.listen('names', function() end, function()
  asked = {}
end)

return M
