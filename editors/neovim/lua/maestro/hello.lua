---What the server is told of this editor in `initialize`.

local config = require('maestro.config')

local M = {}

---Whether tools may run in a folder. What a folder brings along in `.maestro.toml` must have been trusted as |:trust| does.
---@param root string?
---@return boolean
function M.trusts(root)
  local trusted = config.get().trusted
  local own = root and vim.fs.joinpath(root, '.maestro.toml')
  if not trusted or not own or not vim.uv.fs_stat(own) then
    return trusted
  end
  return vim.secure.read(own) ~= nil
end

---@param params lsp.InitializeParams
---@param client_config vim.lsp.ClientConfig
function M.say(params, client_config)
  local settings = config.get().settings
  ---@type maestro.ClientHello
  local hello = {
    protocolVersions = { 1 },
    clientId = 'neovim',
    trusted = M.trusts(client_config.root_dir),
    features = { stream = { maxLatencyMs = 33 }, permission = vim.empty_dict() },
    settings = next(settings) and settings or nil,
  }
  params.capabilities.experimental =
    vim.tbl_extend('force', params.capabilities.experimental or {}, { maestro = hello })
end

return M
