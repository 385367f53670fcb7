"""Audits in an editor without a client of ours: commands, diagnostics, code actions, hovers and lenses of plain LSP."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.audit_editor import ABLE, PLAIN, PULLING, Page
from tests.e2e.audits import FINDING, SOURCE, replying
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.e2e.conversations import intent, keep_in_git
from tests.e2e.turns import gemini_session
from tests.e2e.upstream import MODEL, Exchange, Upstream

Open = Callable[..., Page]
REFRESH = "workspace/diagnostic/refresh"


@pytest.fixture
def provider() -> Iterator[Upstream]:
    with Upstream(replying(FINDING)) as upstream:
        yield upstream


@pytest.fixture
def page(launch: Launch, provider: Upstream, tmp_path: Path) -> Open:
    """Opens a document in an editor with these capabilities, over the scripted provider."""

    def open_page(capabilities: JsonObject, **settings: object) -> Page:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url, MAESTRO_DEFAULTS__AUDIT=MODEL)
        client.initialize(
            {"settings": settings},
            capabilities=capabilities,
            workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "work"}],
        )
        if not client.request("maestro/session/list")["sessions"]:
            gemini_session(client)
        return Page(client, tmp_path / "a.py")

    return open_page


def test_from_a_command_to_a_fixed_file(page: Open) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    titles = [one["title"] for one in here.actions(diagnostic)]
    assert titles == [
        "Fix: Bare except",
        "Explain: Bare except",
        "Suppress swallowed-error on this line",
        "Suppress swallowed-error in this file",
        "Turn swallowed-error off in this folder",
        "Add to the baseline: Bare except",
        "Dismiss: Bare except",
        "Audit this function again",
    ]
    fix = here.fix(diagnostic)
    assert fix is not None and "edit" not in fix
    assert (fix["kind"], fix["isPreferred"], fix["tags"], fix["diagnostics"]) == ("quickfix", True, [1], [diagnostic])
    here.edit((0, 0, "# moved\n"))
    resolved = here.client.request("codeAction/resolve", fix)
    assert resolved.items() >= fix.items()
    after = len(here.client.received())
    here.apply(resolved["edit"])

    assert here.text == "# moved\n" + SOURCE.replace("except:", "except OSError:")
    assert here.shown(after) == []


def test_a_fix_is_seen_where_an_editor_tells_only_the_letters_that_changed(page: Open) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    after, at = len(here.client.received()), SOURCE.index(":", SOURCE.index("except"))
    here.edit((at, at, " OSError"))

    assert here.shown(after) == []
    assert here.actions(diagnostic) == []


def test_every_action_is_handed_back_by_resolve(page: Open) -> None:
    """Neovim resolves whatever lacks an edit or a command."""
    here = page(ABLE)
    [diagnostic] = here.audited()

    for action in here.actions(diagnostic)[1:]:
        assert here.client.request("codeAction/resolve", action) == action
    assert here.client.request("codeAction/resolve", {"title": "x", "data": [1]}) == {"title": "x", "data": [1]}


def test_a_client_that_does_not_resolve_gets_the_edit_at_once(page: Open) -> None:
    here = page(PLAIN)
    [diagnostic] = here.audited()
    fix = here.fix(diagnostic)

    assert fix is not None and "data" not in fix and "tags" not in fix
    assert [*fix["edit"]] == ["changes"]
    here.apply(fix["edit"])
    assert here.text == SOURCE.replace("except:", "except OSError:")


def test_what_does_not_fit_any_more_is_disabled_with_a_reason(page: Open) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    offered = here.fix(diagnostic)
    after, at = len(here.client.received()), SOURCE.index("except:") + 3
    here.edit((at, at, "X"))
    [touched] = here.shown(after)
    assert touched["severity"] == 4

    disabled = here.fix(touched)
    assert disabled is not None and "changed" in disabled["disabled"]["reason"]
    assert not {"edit", "data", "isPreferred"} & disabled.keys()
    assert [one for one in here.actions(touched, triggerKind=2) if "disabled" in one] == []
    after = len(here.client.received())
    assert "edit" not in here.client.request("codeAction/resolve", offered)
    assert here.client.notification("window/showMessage", after=after)["message"] == disabled["disabled"]["reason"]
    here.edit((at, at + 1, ""))
    assert "edit" in here.client.request("codeAction/resolve", offered)


def test_what_does_not_fit_is_left_out_where_it_cannot_be_disabled(page: Open) -> None:
    here = page(PLAIN)
    [diagnostic] = here.audited()
    at = SOURCE.index("except:") + 3
    here.edit((at, at, "X"))

    assert here.fix(diagnostic) is None
    assert len(here.actions(diagnostic)) == 7


def test_a_finding_is_known_by_its_id_and_without_it_by_everything_else(page: Open) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    bare = {name: value for name, value in diagnostic.items() if name != "data"}
    assert here.fix(bare) is not None
    elsewhere = {"start": {"line": 0, "character": 0}, "end": {"line": 4, "character": 0}}
    strangers = [
        {**bare, "message": "Another"},
        {**bare, "source": "other"},
        {**bare, "range": elsewhere},
        {**diagnostic, "data": {"findingId": "fnd_0"}},
    ]
    assert [here.actions(stranger) for stranger in strangers] == [[], [], [], []]
    here.edit((0, 0, "\n"))
    assert here.fix(diagnostic) is not None
    assert here.fix(bare) is None, "it stands elsewhere by now"


@pytest.mark.parametrize(
    ("only", "count"), [(["quickfix"], 8), ([""], 8), (["quick"], 0), (["source.fixAll"], 0), (["refactor"], 0)]
)
def test_only_the_kinds_that_were_asked_for(page: Open, only: list[str], count: int) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()

    assert len(here.actions(diagnostic, only=only)) == count


def test_a_client_without_literals_gets_commands(page: Open) -> None:
    here = page({})
    [diagnostic] = here.audited()
    commands = here.actions(diagnostic)

    assert {"title": "Dismiss: Bare except", "command": "maestro.finding.dismiss"}.items() <= commands[5].items()
    assert all(isinstance(one["command"], str) for one in commands)


def test_offline_fixes_are_no_model_s(launch: Launch, tmp_path: Path) -> None:
    client = launch()
    client.initialize(capabilities=ABLE)
    here = Page(client, tmp_path / "b.py", "import os\n")
    [diagnostic] = here.audited()
    fix = here.fix(diagnostic)

    assert fix is not None and "tags" not in fix
    here.apply(client.request("codeAction/resolve", fix)["edit"])
    assert here.text == ""


def test_comments_that_suppress_nothing_are_fixed(launch: Launch, tmp_path: Path) -> None:
    client = launch()
    client.initialize(capabilities=ABLE)
    here = Page(client, tmp_path / "b.py", "x = 1  # maestro: ignore\ny = 2\n")
    [diagnostic] = here.audited()
    fix = here.fix(diagnostic)
    [all_] = here.actions(diagnostic, only=["source.fixAll"])

    for action in (fix, all_):
        assert client.request("codeAction/resolve", action)["edit"]
    here.apply(client.request("codeAction/resolve", all_)["edit"])
    assert here.text == "x = 1\ny = 2\n"


def pull(here: Page, previous: str | None = None) -> JsonObject:
    params = {"textDocument": {"uri": here.uri}, "identifier": "maestro", "previousResultId": previous}
    return here.client.request("textDocument/diagnostic", params)


def pull_all(here: Page, *previous: JsonObject) -> list[JsonObject]:
    return here.client.request("workspace/diagnostic", {"previousResultIds": list(previous)})["items"]


def test_who_asks_for_diagnostics_is_told_none_unasked(page: Open) -> None:
    here = page(PULLING)
    client = here.client
    assert len(here.audited()) == 1, "until it asks it is told"
    first = pull(here)
    assert (first["kind"], len(first["items"])) == ("full", 1)
    assert [one["diagnostics"] for one in here.published()][1:] == [[]]
    assert pull(here, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}

    here.edit((0, 0, "\n"))
    moved = pull(here, first["resultId"])
    assert moved["items"][0]["range"]["start"]["line"] == first["items"][0]["range"]["start"]["line"] + 1
    assert client.notifications(REFRESH) == [], "an edit makes clients ask by themselves"

    client.request("maestro/audit/run", {"target": {"uri": here.uri}})
    client.wait(lambda message: message.get("method") == REFRESH)
    after = len(client.received())
    here.command("maestro.finding.dismiss", moved["items"][0]["data"]["findingId"])
    client.wait(lambda message: message.get("method") == REFRESH, after=after)
    assert pull(here, moved["resultId"])["items"] == []
    assert len([one for one in client.received() if one.get("method") == REFRESH]) == 2
    assert len(here.published()) == 2


def test_the_whole_workspace_is_asked_for(page: Open, tmp_path: Path) -> None:
    here = page(PULLING)
    (tmp_path / "closed.py").write_text(SOURCE)
    here.command("maestro.audit.workspace")
    here.client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end")
    reports = {one["uri"]: one for one in pull_all(here)}

    assert {uri: (one["kind"], one.get("version"), len(one["items"])) for uri, one in reports.items()} == {
        here.uri: ("full", 1, 1),
        (tmp_path / "closed.py").as_uri(): ("full", None, 1),
    }
    known = [{"uri": uri, "value": one["resultId"]} for uri, one in reports.items()]
    assert {one["kind"] for one in pull_all(here, *known)} == {"unchanged"}
    here.client.request("maestro/audit/clear", {})
    gone = pull_all(here, *known)
    assert [(one["kind"], one["items"]) for one in gone] == [("full", []), ("full", [])]


def test_only_who_can_be_told_to_ask_again_is_offered_to_ask(launch: Launch) -> None:
    able, unable = launch(), launch()
    told = able.initialize(capabilities=PULLING)["capabilities"]["diagnosticProvider"]

    assert told == {"identifier": "maestro", "interFileDependencies": False, "workspaceDiagnostics": True}
    neovim = {"textDocument": {"diagnostic": {"dynamicRegistration": False}}}
    assert "diagnosticProvider" not in unable.initialize(capabilities=neovim)["capabilities"]


def test_a_dismissal_survives_a_restart(page: Open) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    after = len(here.client.received())
    here.command("maestro.finding.dismiss", diagnostic["data"]["findingId"], "meant so")
    assert here.shown(after) == []
    assert here.client.exit() == 0

    again = page(ABLE)
    assert again.audited() == []
    [finding] = again.client.request("maestro/finding/list", {"state": "dismissed"})["findings"]
    assert finding["reason"] == "meant so"
    after = len(again.client.received())
    again.command("maestro.finding.restore", finding["id"])
    assert len(again.shown(after)) == 1


EVIL = {
    **FINDING,
    "title": "Bare [x](command:evil)",
    "why": "![](http://127.0.0.1/pixel) <img src=x> [y](command:evil?1)\n# loud",
}


def test_what_a_model_says_is_drawn_as_text(page: Open, provider: Upstream) -> None:
    provider.script = replying(EVIL)
    here = page(ABLE)
    [diagnostic] = here.audited()
    hover = here.at("textDocument/hover", 3)
    assert isinstance(hover, dict)

    assert hover["contents"]["kind"] == "markdown"
    assert hover["range"] == diagnostic["range"]
    words = hover["contents"]["value"]
    assert "](command" not in words and "![" not in words and "<img" not in words
    assert words.count("](") == 1 and "[About swallowed\\-error](https://cwe.mitre.org/" in words
    for part in ("medium severity, high confidence", "Found by gemini"):
        assert part in words
    assert here.at("textDocument/hover", 0) is None
    after = len(here.client.received())
    here.command("maestro.finding.explain", diagnostic["data"]["findingId"])
    message = here.client.notification("window/showMessage", after=after)["message"]
    assert "](" not in message and "command:evil" in message


def test_a_client_without_markdown_gets_plain_text(page: Open) -> None:
    here = page(PLAIN)
    here.audited()
    hover = here.at("textDocument/hover", 3)

    assert isinstance(hover, dict) and hover["contents"]["kind"] == "plaintext"
    assert "KeyboardInterrupt, so" in hover["contents"]["value"]
    assert "\\" not in hover["contents"]["value"]


def lenses(here: Page) -> list[JsonObject]:
    return here.client.request("textDocument/codeLens", {"textDocument": {"uri": here.uri}})


def test_a_lens_above_a_function_audits_it_again(page: Open, provider: Upstream) -> None:
    here = page(ABLE)
    assert lenses(here) == []
    here.audited()
    here.client.wait(lambda message: message.get("method") == "workspace/codeLens/refresh")
    [lens] = lenses(here)
    assert lens["range"]["start"]["line"] == 0
    assert lens["command"]["title"] == "1 finding · re-audit"
    at = SOURCE.index("path")
    after = len(here.client.received())
    here.edit((at, at, "the_"))
    here.command(lens["command"]["command"], *lens["command"]["arguments"])
    provider.wait(2)
    here.client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end", after=after)


def test_lenses_can_be_turned_off(page: Open) -> None:
    here = page(ABLE, audit={"codeLens": False})
    here.audited()

    assert lenses(here) == []


def test_what_a_tool_wrote_last_is_told_above_it_and_over_it(launch: Launch, tmp_path: Path) -> None:
    file = tmp_path / "work" / "a.py"
    file.parent.mkdir()
    file.write_text("def f():\n    return 1\n\n\ndef g():\n    return 2\n")
    keep_in_git(file.parent)
    client = launch()
    client.answers["window/showMessageRequest"] = lambda params: params["actions"][0]
    client.initialize(capabilities=ABLE, workspaceFolders=[{"uri": file.parent.as_uri(), "name": "work"}])
    edit = {"path": "a.py", "oldText": "return 1", "newText": "return 3", "intent": intent("a.py", purpose="test_pass")}
    client.request("maestro/chat/send", {"input": f"apply_edit {json.dumps(edit)}"})
    here = Page(client, file, file.read_text())

    [lens] = lenses(here)
    assert lens["command"]["title"] == "written by apply_edit for test_pass, risk medium"
    assert lens["range"]["start"]["line"] == 0
    hover = here.at("textDocument/hover", 1)
    assert isinstance(hover, dict)
    assert hover["contents"]["value"].startswith("Last written by apply\\_edit for test\\_pass, risk medium")
    assert here.at("textDocument/hover", 5) is None


def test_a_suppressed_finding_is_a_comment_that_the_editor_writes(page: Open) -> None:
    here = page({**ABLE, "workspace": {**ABLE["workspace"], "applyEdit": True}})
    [diagnostic] = here.audited()

    def apply(params: JsonObject) -> JsonObject:
        here.apply(params["edit"])
        return {"applied": True}

    here.client.answers["workspace/applyEdit"] = apply
    after = len(here.client.received())
    here.command("maestro.finding.suppress", diagnostic["data"]["findingId"], None, "meant so")
    assert here.shown(after) == []
    assert "# maestro: ignore[swallowed-error] -- meant so" in here.text


def test_findings_move_with_edits_while_an_audit_is_pending(page: Open, provider: Upstream) -> None:
    here = page(ABLE)
    here.audited()
    go, honest = threading.Event(), replying(FINDING)

    def wait(exchange: Exchange) -> None:
        go.wait(30)
        honest(exchange)

    provider.script = wait
    at = SOURCE.index("None")
    here.edit((at, at + 4, "b''"))  # so that the answer is not known already
    texts = {1: SOURCE, 2: here.text}
    here.command("maestro.audit.file", here.uri)
    provider.wait(2)
    for number in range(60):
        here.edit((0, 0, f"# {number}\n"), (len(here.text), len(here.text), "\n"))
        texts[here.version] = here.text
    go.set()
    here.client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"].get("message") == "1 finding")
    here.client.wait(
        lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["version"] == here.version
    )
    published = here.published()

    for one in published:
        for diagnostic in one["diagnostics"]:
            line = texts[one["version"]].split("\n")[diagnostic["range"]["start"]["line"]]
            assert line == "    except:"
    versions = [one["version"] for one in published]
    assert versions == sorted(versions)
    assert len(published) < len(texts) / 2, "one for many edits"


def test_an_audit_is_stopped_by_its_progress(page: Open, provider: Upstream) -> None:
    def silent(exchange: Exchange) -> None:
        exchange.wait_gone()
        exchange.handler.close_connection = True

    provider.script = silent
    here = page(ABLE)
    here.command("maestro.audit.file", here.uri)
    exchange = provider.wait(1)
    token = here.client.notification("window/workDoneProgress/create")["token"]
    begin = here.client.event(token, lambda value: value["kind"] == "begin")
    assert (begin["cancellable"], begin["percentage"]) == (True, 0)
    here.client.notify("window/workDoneProgress/cancel", {"token": token})

    assert here.client.event(token, lambda value: value["kind"] == "end")["message"] == "Stopped"
    assert exchange.gone.wait(10)
    [run] = here.client.request("maestro/audit/list")["audits"]
    assert run["status"] == "cancelled"


def test_an_audit_that_is_not_complete_says_so(page: Open, provider: Upstream) -> None:
    provider.script = replying(finish="SAFETY")
    here = page(ABLE)
    after = len(here.client.received())
    here.command("maestro.audit.file", here.uri)
    message = here.client.notification("window/showMessage", after=after)

    assert message["type"] == 1
    assert message["message"].startswith("The audit failed. ") and message["message"].endswith(".")


def test_a_page_opens_only_when_a_button_asks_for_it(page: Open) -> None:
    here = page({"window": {"showDocument": {"support": True}}})
    [diagnostic] = here.audited()
    id_ = diagnostic["data"]["findingId"]
    here.command("maestro.finding.explain", id_)
    asked = here.client.notification("window/showMessageRequest")
    assert "Bare except" in asked["message"]
    here.client.settle()
    assert here.client.notifications("window/showDocument") == []

    here.client.answers["window/showMessageRequest"] = lambda params: params["actions"][0]
    here.client.answers["window/showDocument"] = lambda params: {"success": True}
    here.command("maestro.finding.explain", id_)
    shown = here.client.notification("window/showDocument")
    assert (shown["uri"], shown["external"]) == (diagnostic["codeDescription"]["href"], True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("audit.file", []),
        ("audit.file", ["a", "b"]),
        ("audit.range", ["file:///a"]),
        ("audit.range", ["file:///a", {"start": {"line": -1, "character": 0}}]),
        ("audit.workspace", [3]),
        ("audit.clear", [""]),
        ("finding.explain", []),
        ("finding.dismiss", ["fnd", 1]),
        ("finding.dismiss", ["fnd", "x" * 401]),
        ("finding.suppress", ["fnd", "everywhere"]),
        ("finding.restore", ["fnd", "x"]),
    ],
)
def test_arguments_that_do_not_fit(shared_server: Client, name: str, arguments: list[object]) -> None:
    params = {"command": f"maestro.{name}", "arguments": arguments}
    error = shared_server.refused("workspace/executeCommand", params)

    assert error.code == -32602
    assert error.message.startswith("`arguments")


def test_a_command_about_nothing_says_so(shared_server: Client) -> None:
    for command in (["maestro.finding.explain", "fnd_0"], ["maestro.audit.workspace"]):
        after = len(shared_server.received())
        name, *arguments = command
        shared_server.request("workspace/executeCommand", {"command": name, "arguments": arguments})
        assert shared_server.notification("window/showMessage", after=after)["type"] == 1


# -- from one start of the server to the next -------------------------------------------------------------------------


def test_what_was_found_is_told_again_after_a_restart_and_nobody_is_asked(page: Open, provider: Upstream) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    assert here.client.exit() == 0
    again = page(ABLE)
    told = again.client.wait(lambda message: _diagnostics_in(message, again.uri) != [])

    assert _diagnostics_in(told, again.uri) == [diagnostic]
    assert again.fix(diagnostic) is not None
    assert len(provider.exchanges) == 1


def test_a_file_that_cannot_be_looked_at_hides_no_other(page: Open, tmp_path: Path) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    assert here.client.exit() == 0
    with closing(sqlite3.connect(tmp_path / "maestro" / "data" / "maestro.db", isolation_level=None)) as store:
        store.execute(
            "INSERT INTO audited_documents SELECT ?, provider, session_id, model, rules, min_severity"
            " FROM audited_documents",
            [(tmp_path / f"{'0' * 300}.py").as_uri()],  # longer than a name can be, and before the other one
        )
    again = page(ABLE)
    told = again.client.wait(lambda message: _diagnostics_in(message, again.uri) != [])

    assert _diagnostics_in(told, again.uri) == [diagnostic]


def test_findings_follow_a_file_that_is_renamed(page: Open, tmp_path: Path) -> None:
    here = page(ABLE)
    [diagnostic] = here.audited()
    renamed = tmp_path / "b.py"
    (tmp_path / "a.py").rename(renamed)
    here.client.notify("textDocument/didClose", {"textDocument": {"uri": here.uri}})
    here.client.notify("workspace/didRenameFiles", {"files": [{"oldUri": here.uri, "newUri": renamed.as_uri()}]})
    told = here.client.wait(lambda message: _diagnostics_in(message, renamed.as_uri()) != [])

    assert _diagnostics_in(told, renamed.as_uri()) == [diagnostic]
    after = len(here.client.received())
    renamed.unlink()
    here.client.notify("workspace/didDeleteFiles", {"files": [{"uri": renamed.as_uri()}]})
    here.client.wait(lambda message: _published(message, renamed.as_uri()) == [], after=after)
    assert here.client.request("maestro/finding/list", {})["findings"] == []


def _published(message: JsonObject, uri: str) -> list[JsonObject] | None:
    """The diagnostics of a document, if the message publishes those."""
    of_it = message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
    return message["params"]["diagnostics"] if of_it else None


def _diagnostics_in(message: JsonObject, uri: str) -> list[JsonObject]:
    return _published(message, uri) or []
