"""The reducer in Lua, by the cases every client shares."""

import json
from pathlib import Path

import pytest

from tests.editors.neovim.conftest import Open
from tests.unit.reducers.test_chat_view import FILES

RUN = """
local view, wrong = require('maestro.view'), {}
for _, case in ipairs(vim.json.decode(table.concat(vim.fn.readfile(...), '\\n'))) do
  local before = vim.deepcopy(case.state)
  local is_equal = vim.deep_equal(view.reduce(case.state, case.event), case.expected)
  if not is_equal or not vim.deep_equal(case.state, before) then
    table.insert(wrong, case.name)
  end
end
return wrong
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cases(launch: Open, path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))
    assert launch().lua(RUN, str(path)) in ([], {})
