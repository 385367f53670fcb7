"""A grant covers exactly what was granted, where it was granted, until it is taken back."""

import pytest

from maestro.errors import MaestroError
from maestro.intents import grants
from maestro_protocol.permissions import PermissionSubject
from tests.unit.intents.support import command, edit, fetch, memory

CHAT, FOLDER = "chat_1", "file:///work/demo"


def other(**values: str) -> PermissionSubject:
    return PermissionSubject(type="other", tool="ticket", input={**values})


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (command("git", "show"), {"argv": ["git", "show"], "cwd": "/work/demo"}),
        (edit("src/a.py"), {"path": "src/a.py"}),
        (fetch("HTTPS://Example.com/a?b"), {"host": "https://example.com:443"}),
        (fetch("http://example.com:8080/"), {"host": "http://example.com:8080"}),
        (fetch("http://[::1]/"), {"host": "http://[::1]:80"}),
        (fetch("http://["), {"url": "http://["}),
        (other(a="1"), {"input": {"a": "1"}}),
        (PermissionSubject(type="read", tool="read_file", path="a"), {"path": "a"}),
    ],
)
def test_what_must_be_equal(subject: PermissionSubject, key: dict[str, object]) -> None:
    assert grants.key_of(subject) == key


@pytest.mark.parametrize(
    ("granted", "asked"),
    [
        (command("git", "show"), command("git", "show", ">", "x")),
        (command("git", "show"), command("git", "show > x")),
        (command("git", "show"), command("git show")),
        (command("git", "show"), command("git")),
        (command("git", "show"), command("git", "show", cwd="/work/other")),
        (command("git", "show", "A"), command("git", "show", "a")),
        (edit("src/a.py"), edit("src/b.py")),
        (edit("src"), edit("src/b.py")),
        (edit("src/*"), edit("src/b.py")),
        (fetch("https://example.com/"), fetch("http://example.com/")),
        (fetch("https://example.com/"), fetch("https://api.example.com/")),
        (fetch("https://example.com/"), fetch("https://example.com:8443/")),
        (fetch("https://example.com/"), fetch("https://example.com.evil.test/")),
        (fetch("https://example.com/"), fetch("https://example.com@evil.test/")),
        (other(a="1"), other(a="1", b="2")),
        (other(a="1"), other(a="2")),
    ],
)
def test_nothing_alike_is_covered(granted: PermissionSubject, asked: PermissionSubject) -> None:
    with memory() as connection:
        grants.add(connection, "t", granted, "chat", chat_id=CHAT)
        assert grants.find(connection, "t", granted, CHAT, None) is not None
        assert grants.find(connection, "t", asked, CHAT, None) is None
        assert grants.find(connection, "t2", granted, CHAT, None) is None


def test_what_is_equal_is_covered_whatever_else_differs() -> None:
    with memory() as connection:
        grants.add(connection, "t", edit("a.py", new="x"), "chat", chat_id=CHAT)
        assert grants.find(connection, "t", edit("a.py", new="y"), CHAT, None) is not None
        grants.add(connection, "t", fetch("https://example.com/a"), "chat", chat_id=CHAT)
        assert grants.find(connection, "t", fetch("https://EXAMPLE.com:443/b"), CHAT, None) is not None
        grants.add(
            connection, "t", PermissionSubject(type="other", tool="t", input={"a": 1, "b": 2}), "chat", chat_id=CHAT
        )
        again = PermissionSubject(type="other", tool="t", input={"b": 2, "a": 1})
        assert grants.find(connection, "t", again, CHAT, None) is not None


def test_a_grant_holds_in_its_chat_or_in_its_workspace() -> None:
    with memory() as connection:
        in_chat, in_folder = command("a"), command("b")
        grants.add(connection, "t", in_chat, "chat", chat_id=CHAT, workspace_folder=FOLDER)
        grants.add(connection, "t", in_folder, "workspace", chat_id=CHAT, workspace_folder=FOLDER)
        assert grants.find(connection, "t", in_chat, CHAT, "file:///x") is not None
        assert grants.find(connection, "t", in_chat, "chat_2", FOLDER) is None
        assert grants.find(connection, "t", in_chat, None, None) is None
        assert grants.find(connection, "t", in_folder, "chat_2", FOLDER) is not None
        assert grants.find(connection, "t", in_folder, CHAT, "file:///work/demo/sub") is None
        assert grants.find(connection, "t", in_folder, CHAT, None) is None


def test_it_is_listed_taken_back_and_forgotten_with_its_chat() -> None:
    with memory() as connection:
        first = grants.add(connection, "t", command("a"), "chat", chat_id=CHAT)
        second = grants.add(connection, "t", command("b"), "workspace", workspace_folder=FOLDER)
        assert (first.scope, first.chat_id, first.workspace_folder) == ("chat", CHAT, None)
        assert first.match == {"argv": ["a"], "cwd": "/work/demo"}
        assert {one.grant_id for one in grants.all(connection)} == {first.grant_id, second.grant_id}
        assert grants.add(connection, "t", command("a"), "chat", chat_id=CHAT) == first
        assert len(grants.all(connection)) == 2
        grants.forget_chat(connection, CHAT)
        assert grants.all(connection) == [second]
        assert grants.revoke(connection, second.grant_id)
        assert not grants.revoke(connection, second.grant_id)
        assert grants.find(connection, "t", command("b"), None, FOLDER) is None


def test_only_what_lasts_is_kept() -> None:
    with memory() as connection:
        for scope, named in (("once", CHAT), ("chat", None), ("workspace", None)):
            with pytest.raises(MaestroError) as caught:
                grants.add(connection, "t", command("a"), scope, chat_id=named)  # type: ignore[arg-type]
            assert caught.value.kind == "invalidParams"
        assert grants.all(connection) == []


def test_no_secret_is_kept_and_another_secret_is_another_call() -> None:
    secret, second = "sk-ant-0123456789abcdef", "sk-ant-fedcba9876543210"
    with memory() as connection:
        for subject, alike in (
            (command("deploy", f"--key={secret}"), command("deploy", f"--key={second}")),
            (other(password=secret[7:]), other(password=second[7:])),
        ):
            grants.add(connection, "t", subject, "chat", chat_id=CHAT)
            assert grants.find(connection, "t", subject, CHAT, None) is not None
            assert grants.find(connection, "t", alike, CHAT, None) is None
        kept = str(connection.execute("SELECT * FROM grants").fetchall())
        assert secret not in kept
        assert secret[7:] not in kept
        assert secret not in repr(grants.all(connection))
