if vim.g.loaded_maestro then
  return
end
vim.g.loaded_maestro = true

vim.api.nvim_create_user_command('Maestro', function(args)
  require('maestro.commands').run(args)
end, {
  nargs = '*',
  range = true,
  bang = true,
  desc = 'Chat, audits, sessions and models of Maestro',
  complete = function(...)
    return require('maestro.commands').complete(...)
  end,
})

local plugs = {
  chat = 'Open a chat',
  send = 'Send what is written in the chat',
  stop = 'Stop the answer',
  enter = 'Answer the question under the cursor, or send',
  audit = 'Audit this file',
  context = 'Show the context of the chat',
  model = 'Choose a model',
  session = 'Choose a session',
}
for name, desc in pairs(plugs) do
  vim.keymap.set('n', '<Plug>(maestro-' .. name .. ')', '<Cmd>Maestro ' .. name .. '<CR>', { desc = desc })
end
vim.keymap.set('x', '<Plug>(maestro-chat)', ':Maestro chat<CR>', { desc = 'Open a chat about the selection' })
vim.keymap.set('x', '<Plug>(maestro-audit)', ':Maestro audit<CR>', { desc = 'Audit the selected lines' })

local group = vim.api.nvim_create_augroup('maestro', {})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'maestro://*',
  desc = 'Show a chat, a context or the intents again',
  callback = function(args)
    require('maestro.buffers').read(args.buf, args.match)
  end,
})
vim.api.nvim_create_autocmd('SessionLoadPost', {
  group = group,
  desc = 'Show what a session of Neovim had of Maestro',
  callback = vim.schedule_wrap(function()
    require('maestro.buffers').revive()
  end),
})
vim.api.nvim_create_autocmd('VimLeave', {
  group = group,
  desc = 'Let a server that is stopped see that the editor is gone',
  callback = function()
    if package.loaded['maestro.process'] then
      require('maestro.process').wake()
    end
  end,
})
