"""Arguments of commands, and what is said of an audit that was not complete."""

import pytest
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.lsp.commands import at_most, optional_text_at, range_at, text_at
from maestro.lsp.features.audit_commands import shortfall
from maestro.lsp.messages import RpcError
from maestro_protocol.audit import AuditStatus, ChunkReport
from maestro_protocol.chat import Position, Range
from tests.unit.audit.results import finding, result


@pytest.mark.parametrize("arguments", [[], [None], [""], [3], [["a"]]])
def test_a_text_that_must_be_there(arguments: list[JsonValue]) -> None:
    with pytest.raises(RpcError) as caught:
        text_at(arguments, 0, "a name")
    assert (caught.value.code, caught.value.message) == (-32602, "`arguments[0]` must be a name.")


def test_a_text_that_may_be_missing() -> None:
    assert [optional_text_at(given, 1, "a name") for given in ([], ["a"], ["a", None], ["a", "b"])] == [
        *(None, None, None),
        "b",
    ]
    with pytest.raises(RpcError):
        optional_text_at(["a", 3], 1, "a name")


def test_ranges() -> None:
    place: JsonValue = {"line": 1, "character": 2}
    assert range_at([{"start": place, "end": place}], 0) == Range(
        start=Position(line=1, character=2), end=Position(line=1, character=2)
    )
    for wrong in (None, [], {"start": place}, {"start": place, "end": {"line": -1, "character": "canary"}}):
        with pytest.raises(RpcError) as caught:
            range_at([wrong], 0)
        assert "canary" not in caught.value.message


@pytest.mark.parametrize(("most", "said"), [(0, "`arguments` must be empty."), (1, "`arguments` must be at most 1.")])
def test_too_many(most: int, said: str) -> None:
    at_most(["x"] * most, most)
    with pytest.raises(RpcError) as caught:
        at_most(["x"] * (most + 1), most)
    assert caught.value.message == said


def test_a_complete_audit_is_not_talked_about() -> None:
    assert shortfall(result()) is None
    assert shortfall(result(finding())) is None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("partial", "The audit is incomplete. It was too long."),
        ("failed", "The audit failed. It was too long."),
        ("skipped", "Nothing was audited. It was too long."),
        ("cancelled", "The audit was stopped. It was too long."),
    ],
)
def test_what_is_missing_is_said(status: AuditStatus, said: str) -> None:
    chunks = [ChunkReport(id="c1", status="reviewed"), ChunkReport(id="c2", status="failed", reason="It was too long.")]
    assert shortfall(result(status=status, chunks=chunks)) == said
    error = MaestroError("overloaded", "The service is busy.").info()
    better = said.replace("It was too long.", "The service is busy.")
    assert shortfall(result(status=status, chunks=chunks, error=error)) == better
    assert str(shortfall(result(status=status))).count(".") == 2
