rockspec_format = '3.0'
package = 'maestro.nvim'
version = 'scm-1'
source = { url = 'git+file://.' }
description = {
  summary = 'Chat, audits and accountable tools of Maestro in Neovim',
  license = 'Apache-2.0',
  labels = { 'neovim', 'lsp', 'llm' },
}
dependencies = { 'lua == 5.1' }
build = {
  type = 'builtin',
  copy_directories = { 'doc', 'lsp', 'plugin' },
}
