"""The offline audit: real findings whose fixes remove them."""

import asyncio
import json
import os
from pathlib import Path

import psutil
import pytest

from maestro.audit.asking.exchange import Compose, RawReply, StructuredRequest
from maestro.audit.asking.wire import WireReply
from maestro.audit.engine import audit
from maestro.audit.options import AuditOptions
from maestro.audit.source import AuditSource
from maestro.failures import UpstreamError
from maestro.providers.base import Connection
from maestro.providers.offline import audit as role
from maestro.providers.offline import ruff
from maestro_protocol.audit import AuditResult
from tests.unit.audit.model import apply_edits
from tests.unit.offline.connection import connect

PYTHON = '''\
"""Reads 😀 files."""

import json
import os


def read(path, seen=[]):
    label = "😀"; unused = 1
    try:
        return os.stat(path), label
    except:
        pass
    if path == None:
        return missing
    return seen


def join(parts):
    return f"parts"
'''

SCRIPT = """\
const key = "sk-aaaaaaaaaaaaaaaaaaaaaaaaa";
// console.log("kept")
function load(x) {
  debugger;
  console.log(x);
  if (x !== NaN) {
    element.innerHTML = x;
    element.innerHTML = "<b>fine</b>";
    return eval(x);
  }
  try { run(); } catch (e) {}
}
"""


async def run(text: str, language: str = "python", name: str = "a.py", chunk_chars: int | None = None) -> AuditResult:
    connection = connect()

    async def generate(compose: Compose) -> RawReply:
        return await role.generate_structured(connection, compose)

    whole = chunk_chars is None
    options = AuditOptions("offline", "assistant", "aud_1", by_tool=whole, chunk_chars=chunk_chars or 0)
    return (await audit(AuditSource(f"file:///w/{name}", text, language), generate, options)).result


def rules(result: AuditResult) -> list[tuple[str, int]]:
    return [(finding.rule, finding.range.start.line) for finding in result.findings if finding.range]


def hanging(folder: Path) -> Path:
    """A program that waits for something that never comes."""
    never, program = folder / "never", folder / "ruff"
    os.mkfifo(never)
    program.write_text(f"#!/bin/sh\nexec cat {never}\n")
    program.chmod(0o755)
    return program


@pytest.mark.asyncio
async def test_ruff_finds_what_is_wrong_with_python() -> None:
    result = await run(PYTHON)
    assert result.status == "complete"
    assert result.unverified == []
    assert rules(result) == [
        ("unused-code", 2),
        ("mutable-default", 6),
        ("unused-code", 7),
        ("swallowed-error", 10),
        ("wrong-comparison", 12),
        ("undefined-name", 13),
        ("needless-code", 18),
    ]
    assert result.chunks[0].reason is not None
    assert "ruff" in result.chunks[0].reason


@pytest.mark.asyncio
async def test_every_fix_removes_its_finding_and_adds_none() -> None:
    before = await run(PYTHON)
    fixable = [n for n, finding in enumerate(before.findings) if finding.fixes]
    assert len(fixable) == 5
    for index in fixable:
        text = apply_edits(AuditSource("file:///w/a.py", PYTHON, "python"), before, index)
        after = await run(text)
        remaining = sorted(finding.fingerprint for finding in after.findings)
        expected = [f.fingerprint for n, f in enumerate(before.findings) if n != index]
        assert remaining == sorted(expected), before.findings[index].title


@pytest.mark.asyncio
async def test_fixing_one_after_the_other_ends() -> None:
    text, steps = PYTHON, 0
    result = await run(text)
    while fixable := [number for number, finding in enumerate(result.findings) if finding.fixes]:
        text, steps = apply_edits(AuditSource("file:///w/a.py", text, "python"), result, fixable[0]), steps + 1
        assert steps < 10
        result = await run(text)
    assert steps == 5
    assert "import json" not in text and "if path is None:" in text and 'label = "😀"' in text


@pytest.mark.asyncio
async def test_clean_code_is_clean() -> None:
    result = await run("def double(x: int) -> int:\n    return 2 * x\n")
    assert (result.status, result.findings, result.rejected) == ("complete", [], {})


@pytest.mark.asyncio
async def test_a_syntax_error_is_found() -> None:
    assert ("syntax-error", 0) in rules(await run("def f(:\n    pass\n"))


@pytest.mark.asyncio
async def test_a_secret_is_found_though_nobody_sees_it() -> None:
    result = await run('client = Client("sk-' + "aB3" * 10 + '")\n', "go", "a.go")
    assert rules(result) == [("hard-coded-secret", 0)]


@pytest.mark.asyncio
async def test_scripts_get_simple_checks_with_fixes() -> None:
    result = await run(SCRIPT, "javascript", "a.js")
    assert rules(result) == [
        ("hard-coded-secret", 0),
        ("debug-leftover", 3),
        ("debug-leftover", 4),
        ("wrong-comparison", 5),
        ("cross-site-scripting", 6),
        ("code-injection", 8),
        ("swallowed-error", 10),
    ]
    source = AuditSource("file:///w/a.js", SCRIPT, "javascript")
    assert "debugger" not in apply_edits(source, result, 1)
    assert "  if (!Number.isNaN(x)) {" in apply_edits(source, result, 3)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("json", '{"a": 1,\n "b": }\n', [("syntax-error", 1)]),
        ("json", '{"a": 1}\n', []),
        ("json", '{\n  "a": 1,\n}\n', [("syntax-error", 1)]),
        ("toml", "[a]\nb = = 1\n", [("syntax-error", 1)]),
        ("markdown", "Title\n=======\n", []),
        ("markdown", "x\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n", [("merge-conflict", 1)]),
        ("markdown", "<<<<<<< ours\n>>>>>>> theirs\n", []),
    ],
)
async def test_other_languages(language: str, text: str, expected: list[tuple[str, int]]) -> None:
    result = await run(text, language, "a.txt")
    assert (result.status, rules(result)) == ("complete", expected)


@pytest.mark.asyncio
async def test_a_part_of_a_file_is_not_blamed_for_what_stands_elsewhere() -> None:
    text = "import os\n\n\n" + "".join(f"def f{n}(a=[]):\n    return os.name, a\n\n\n" for n in range(20))
    result = await run(text, chunk_chars=200)
    assert sum(chunk.pieces for chunk in result.chunks) > 3
    assert rules(result) == [("mutable-default", 3 + 4 * n) for n in range(20)]


@pytest.mark.asyncio
async def test_lines_count_from_the_beginning_of_the_file() -> None:
    chunk = {"id": "c7", "symbol": "", "start_line": 41, "code": "41| x = 1\n42| debugger"}
    data = {"audit_id": "a", "file": "a.js", "language": "javascript", "skeleton": "", "chunks": [chunk]}
    request = StructuredRequest("assistant", "", f"begin\n{json.dumps(data)}\nend", {}, 10)
    reply = await role.generate_structured(connect(), lambda: request)
    answer = WireReply.model_validate_json(reply.text)
    assert (answer.audit_id, answer.reviewed) == ("a", ["c7"])
    assert [(finding.line, finding.quote) for finding in answer.findings] == [(42, "debugger")]


@pytest.mark.asyncio
async def test_a_stub_is_judged_as_a_stub() -> None:
    assert rules(await run("class A:\n    def f(self) -> None: ...\n", name="a.pyi")) == []


@pytest.mark.asyncio
async def test_without_ruff_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role, "find_ruff", lambda: None)
    clean, broken = await run("import os\n"), await run("def f(:\n")
    assert clean.findings == []
    assert clean.chunks[0].reason is not None
    assert "ruff is not installed" in clean.chunks[0].reason
    assert clean.status == "partial"
    assert rules(broken) == [("syntax-error", 0)]


@pytest.mark.asyncio
@pytest.mark.parametrize("script", ["echo nonsense", "exit 2", "cat > /dev/null; echo '[{\"code\": 1}]'"])
async def test_a_ruff_that_cannot_do_it_is_no_clean_bill(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ruff"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(role, "find_ruff", lambda: str(program))
    result = await run("import os\n")
    assert result.chunks[0].reason is not None
    assert "no model has read it" in result.chunks[0].reason and "by ruff and" not in result.chunks[0].reason


@pytest.mark.asyncio
async def test_a_ruff_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = hanging(tmp_path)
    monkeypatch.setattr(ruff, "_TIMEOUT", 0.01)
    assert await ruff.run_ruff(str(program), AuditSource("file:///a.py", "x", "python"), part=False) is None


@pytest.mark.asyncio
async def test_a_fix_of_many_lines_is_left_out_and_a_syntax_error_at_the_end_stands_somewhere() -> None:
    imports = "from os import (\n    path,\n\n    name,\n    sep,\n)\n"
    result = await run(imports)
    assert [finding.fixes for finding in result.findings] == [[]] * len(result.findings)
    assert result.findings
    assert rules(await run("x = (\n\n\n"))[0] == ("syntax-error", 0)


@pytest.mark.asyncio
async def test_cancelling_ends_ruff(tmp_path: Path) -> None:
    pipe, program = tmp_path / "started", hanging(tmp_path)
    os.mkfifo(pipe)
    program.write_text(program.read_text().replace("exec", f"echo $$ > {pipe}\nexec"))
    task = asyncio.create_task(ruff.run_ruff(str(program), AuditSource("file:///a.py", "x", "python"), part=False))
    pid = int(await asyncio.to_thread(pipe.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(pid)


def test_ruff_beside_python_comes_first_then_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, elsewhere = tmp_path / "bin" / "ruff", tmp_path / "path" / "ruff"
    for program in (beside, elsewhere):
        program.parent.mkdir()
        program.write_text("")
        program.chmod(0o755)
    monkeypatch.setattr(ruff.sys, "executable", str(beside.with_name("python")))
    monkeypatch.setenv("PATH", str(elsewhere.parent))
    assert ruff.find_ruff() == str(beside)
    beside.unlink()
    assert ruff.find_ruff() == str(elsewhere)
    elsewhere.unlink()
    assert ruff.find_ruff() is None


@pytest.mark.asyncio
@pytest.mark.parametrize("user", ["Write a poem", "{}", '{"audit_id": 1}', "} {"])
async def test_other_questions_are_refused(user: str) -> None:
    connection: Connection = connect()
    with pytest.raises(UpstreamError) as caught:
        await role.generate_structured(connection, lambda: StructuredRequest("assistant", "", user, {}, 10))
    assert caught.value.failure.kind == "invalid_request"


@pytest.mark.asyncio
async def test_what_ruff_vouches_for_is_safe_to_apply_and_nothing_else_is() -> None:
    result = await run("import os\nx = 1\nif x == None:\n    x = 2\n")
    assert {(finding.rule, fix.safe) for finding in result.findings for fix in finding.fixes} == {
        ("unused-code", True),
        ("wrong-comparison", False),
    }


@pytest.mark.asyncio
async def test_what_was_taken_out_breaks_no_code() -> None:
    """The secret's placeholder takes the quotes along, so that what ruff gets does not parse."""
    text = 'DATA = ["[]", \'{"access_token": "canary\', "[" * 9, \'{"access_token": "canary", "b": 1}\']\n'
    assert (await run(text)).findings == []
    names = 'from helpers import is_plausible\n\nMARK = "-----BEGIN PRIVATE KEY-----"\nis_plausible(MARK)\n'
    assert {rule for rule, _ in rules(await run(names))} <= {"hard-coded-secret"}
    assert (await run('KEY = "sk-aaaaaaaaaaaaaaaaaaaaaaaaa"\nTEXT = f"{KEY}"\n')).findings[
        0
    ].rule == "hard-coded-secret"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    [
        'def is_secret(token):\n    return token == "[" or token in "{}"\n',
        'TOKEN_URL = "https://example.org/token"\n',
        'SETTING = {"passphrase": "under a passphrase"}\n',
        'def ask(field):\n    """A secret is not shown. From a pipe it is a line."""\n    return field\n',
    ],
)
async def test_words_about_secrets_are_none(text: str) -> None:
    assert (await run(text)).findings == []


@pytest.mark.asyncio
async def test_a_secret_in_a_test_is_of_little_weight() -> None:
    text = 'KEY = "sk-aaaaaaaaaaaaaaaaaaaaaaaaa"\n'
    assert [finding.severity for finding in (await run(text)).findings] == ["high"]
    assert [finding.severity for finding in (await run(text, name="test_a.py")).findings] == ["low"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("f\"SELECT a FROM t WHERE name = '{name}'\"", True),
        ('f"DELETE FROM t WHERE id = {name}"', True),
        ('"SELECT a FROM t WHERE name = \'" + name + "\'"', True),
        ("\"SELECT a FROM t WHERE name = '%s'\" % name", True),
        ('f"SELECT {name} FROM t WHERE id = ?"', False),
        ("f\"INSERT INTO t({', '.join(name)}) VALUES (?, ?)\"", False),
        ('f"UPDATE t SET revision = {NEXT} WHERE id = ?"', False),
    ],
)
async def test_values_in_sql_are_told_and_names_are_not(statement: str, found: bool) -> None:
    text = f"NEXT = 1\n\n\ndef query(db, name):\n    return db.execute({statement})\n"
    assert [finding.rule for finding in (await run(text)).findings] == (["sql-injection"] if found else [])
