"""Blocks in a buffer: whatever changes, the buffer shows them all, and below them what the user wrote."""

import pytest

from tests.editors.neovim.conftest import Open

FUZZ = r"""
local drawing, seed = require('maestro.drawing'), ...
math.randomseed(seed)
local buf = vim.api.nvim_create_buf(true, false)
local drawn = drawing.new(buf, function() end)
drawn:set_prompt('mine\nand mine')
local blocks, keys, pieces = {}, 0, { 'a', 'b\n', '\n', 'ü', '\n\n', 'some words ' }

local function piece()
  return pieces[math.random(#pieces)]
end

local changes = {
  function()
    keys = keys + 1
    table.insert(blocks, { key = tostring(keys), text = piece(), grows = math.random(2) == 1 })
  end,
  function(index)
    if blocks[index] then
      blocks[index] = vim.tbl_extend('force', blocks[index], { text = blocks[index].text .. piece() })
    end
  end,
  function(index)
    if blocks[index] then
      blocks[index] = vim.tbl_extend('force', blocks[index], { text = piece() .. piece() })
    end
  end,
  function(index)
    table.remove(blocks, index)
  end,
  function(index)
    if math.random(10) == 1 then
      local height = drawn:prompt_row()
      vim.api.nvim_buf_set_lines(buf, math.max(0, height - index), height, false, {})
    end
  end,
}

for step = 1, 300 do
  for _ = 1, math.random(3) do
    changes[math.random(#changes)](math.random(math.max(1, #blocks)))
  end
  drawn:sync(blocks)
  local texts = vim.tbl_map(function(block)
    return block.text
  end, blocks)
  local expected = table.concat(vim.list_extend(texts, { 'mine\nand mine' }), '\n')
  local shown = table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), '\n')
  if shown ~= expected or drawn:prompt_text() ~= 'mine\nand mine' then
    return { step = step, shown = shown, expected = expected, prompt = drawn:prompt_text() }
  end
end
return { step = 'all' }
"""


DRAWN = """
_G.drawn = require('maestro.drawing').new(0, function() end)
_G.drawn:sync({ { key = '1', text = 'drawn' } })
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_change_is_drawn(launch: Open, seed: int) -> None:
    assert launch().lua(FUZZ, seed) == {"step": "all"}


def test_undo_is_for_what_the_user_wrote(launch: Open) -> None:
    nvim = launch()
    nvim.lua(DRAWN)
    nvim.keys("Gimine<Esc>")
    nvim.until("return vim.fn.getline(2) == 'mine'")
    nvim.keys("uuu")
    nvim.until("return vim.fn.getline(2) == ''")
    assert nvim.lines() == ["drawn", ""]


def test_a_prompt_that_was_deleted_comes_back(launch: Open) -> None:
    nvim = launch()
    nvim.lua(DRAWN)
    nvim.command("normal! Gdd")
    nvim.lua("_G.drawn:sync({ { key = '1', text = 'drawn' }, { key = '2', text = 'more' } })")
    assert nvim.lines() == ["drawn", "more", ""]
