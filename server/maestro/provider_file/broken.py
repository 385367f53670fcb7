"""Texts that are no YAML: what is wrong with them in our words, which repeat nothing, and none that takes long."""

from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scanner import Scanner, ScannerError

_DEEPEST = 50
_TOO_DEEP = "nested too deeply"


class ShallowScanner(Scanner):
    """Gives up where brackets or lines are nested as in no file of providers; deep ones take the parser seconds."""

    def fetch_flow_collection_start(self, TokenClass: object, to_push: str) -> None:
        self._check(len(self.flow_context))
        super().fetch_flow_collection_start(TokenClass, to_push)

    def add_indent(self, column: int) -> bool:
        self._check(len(self.indents))
        return bool(super().add_indent(column))

    def _check(self, depth: int) -> None:
        if depth >= _DEEPEST:
            raise ScannerError(None, None, _TOO_DEEP, self.reader.get_mark())


class _Said(NamedTuple):
    """What is said where the parser's own words have this in them; `at_start` of where the wrong thing begins."""

    theirs: str
    ours: str
    at_start: bool = False


_WORDS = (
    _Said(_TOO_DEEP, "this is nested too deeply; no provider needs that"),
    _Said("'\\t'", "a tab stands where lines are indented; use spaces"),
    _Said("quoted scalar", "this quote is not closed; close it", at_start=True),
    _Said("could not find expected ':'", "a colon is missing behind this; add it", at_start=True),
    _Said("mapping values", "a colon is not expected here; look for one missing above, or indent as above"),
    _Said("<block end>", "this is indented otherwise than what it belongs to; line them up"),
    _Said("cannot start any token", "a text that begins like this must be in quotes"),
    _Said("<stream end>", "a bracket is not closed; close it"),
    _Said("expected ','", "a comma or a closing bracket is missing here; add it"),
)


def explained(error: MarkedYAMLError) -> tuple[str, int | None, int | None]:
    """What is wrong, and the line and the column, as people count (from 1)."""
    theirs = f"{error.context} {error.problem}"
    said = next((one for one in _WORDS if one.theirs in theirs), _Said("", "this is no YAML; mend it"))
    marks = (error.problem_mark, error.context_mark)
    mark = next((one for one in (reversed(marks) if said.at_start else marks) if one is not None), None)
    return (said.ours, mark.line + 1, mark.column + 1) if mark else (said.ours, None, None)
