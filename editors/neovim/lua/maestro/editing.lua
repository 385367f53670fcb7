---Edits of the server's tools in the editor's buffers: Neovim makes them; what it cannot change is said in a sentence.

local texts = require('maestro.text')

local M = {}

---@param edit lsp.WorkspaceEdit
---@return string[] uris of documents whose text would change
local function uris_of(edit)
  local uris = vim.tbl_keys(edit.changes or {})
  for _, change in ipairs(edit.documentChanges or {}) do
    uris[#uris + 1] = change.textDocument and change.textDocument.uri
  end
  return uris
end

---@param edit lsp.WorkspaceEdit
---@return string? reason why it cannot be made
local function obstacle(edit)
  for _, uri in ipairs(uris_of(edit)) do
    if not vim.bo[vim.uri_to_bufnr(uri)].modifiable then
      return ("'%s' cannot be changed in the editor: its buffer is not modifiable."):format(vim.uri_to_fname(uri))
    end
  end
end

---Answers the server's request.
---@param err lsp.ResponseError?
---@param params lsp.ApplyWorkspaceEditParams
---@param ctx lsp.HandlerContext
---@return lsp.ApplyWorkspaceEditResult
function M.apply(err, params, ctx)
  local reason = obstacle(params.edit)
  if reason then
    return { applied = false, failureReason = texts.plain(reason) }
  end
  local result = vim.lsp.handlers['workspace/applyEdit'](err, params, ctx)
  if not result.applied then
    -- Neovim's own reason begins with the place in its runtime.
    result.failureReason = texts.plain(tostring(result.failureReason):gsub('^.-%.lua:%d+: ', ''))
  end
  return result
end

return M
