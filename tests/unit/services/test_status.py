"""The status warns while a rate limit is used up or almost, and takes that back."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro import provider
from maestro.app import Services
from maestro.services.status import clock
from maestro_protocol.base import JsonObject, WireModel
from maestro_protocol.status import StatusDidChangeParams
from tests.unit.services.editor import FolderEditor
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio


class Listener(FolderEditor):
    """Hears when everything is in order again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.normal = asyncio.Event()

    def notify(self, method: str, params: WireModel) -> None:
        super().notify(method, params)
        if isinstance(params, StatusDidChangeParams) and params.state == "normal":
            self.normal.set()


def said(editor: FolderEditor) -> list[tuple[object, object]]:
    told = [params for method, params in editor.told if method == "maestro/status/didChange"]
    return [(params["state"], params["message"]) for params in told]


def limits(remaining: int, reset: str, of: int = 100) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(of),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }


def hear(services: Services, headers: dict[str, str], session: str | None = None, model: str = "gpt-5.5") -> None:
    services.runtime.rate_limits.hear("openai", session, model, 200, headers)


async def test_used_up_and_almost(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        session = await services.sessions.get("my-openai")
        hear(services, limits(0, "1h"), session.id)
        until = datetime.now(UTC) + timedelta(hours=1)
        assert services.status.current().state == "warning"
        assert (
            services.status.current().message
            == f"OpenAI (my-openai), gpt-5.5: no requests left until {clock(until, datetime.now(UTC))}."
        )
        hear(services, limits(4, "1h"), session.id)
        assert services.status.current().message.startswith(
            "OpenAI (my-openai), gpt-5.5: almost no requests left until "
        )
        hear(services, limits(5, "1h"), session.id)
        assert (services.status.current().state, services.status.current().message) == ("normal", "Ready")
        [told] = services.status.current().rate_limits or []
        wire: JsonObject = told.to_wire()
        assert (wire["provider"], wire["sessionId"], wire["counts"], wire["remaining"]) == (
            "openai",
            session.id,
            "requests",
            5,
        )


@pytest.mark.parametrize(("counts", "words"), [("tokens", "no tokens left"), ("custom-day", "`customDay` is used up")])
async def test_whatever_is_counted(tmp_path: Path, counts: str, words: str) -> None:
    async with product(tmp_path, "openai") as (services, _):
        headers = {"x-ratelimit-remaining-" + counts: "0", "x-ratelimit-reset-" + counts: "3h"}
        hear(services, headers, (await services.sessions.get("my-openai")).id)
        assert f"OpenAI (my-openai), gpt-5.5: {words} until " in services.status.current().message


async def test_a_session_that_is_gone_is_still_told_of(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        session = await services.sessions.get("my-openai")
        hear(services, limits(0, "48h"), session.id)
        await provider.delete_session("openai", "api_key", session.id)
        assert services.status.current().message.startswith("openai, gpt-5.5: no requests left until ")
        assert (
            clock(datetime.now(UTC) + timedelta(hours=48), datetime.now(UTC)).partition(",")[0]
            in services.status.current().message
        )


async def test_the_editor_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    editor = Listener(tmp_path)
    async with product(tmp_path / "home", "openai", in_front=editor) as (services, _):
        hear(services, limits(50, "1h"))
        assert said(editor) == []
        hear(services, limits(0, "2.1s"))
        hear(services, limits(0, "2.1s"))
        assert [state for state, _ in said(editor)] == ["warning"]
        await editor.normal.wait()
        assert said(editor)[-1] == ("normal", "Ready")


async def test_what_is_there_again_in_a_moment_is_no_news(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        hear(services, limits(0, "120ms"))
        assert services.status.current().state == "normal"


async def test_work_under_way_comes_first(tmp_path: Path) -> None:
    editor = FolderEditor(tmp_path)
    async with product(tmp_path / "home", "openai", in_front=editor) as (services, _):
        with services.status.busy("openai/x is answering"):
            hear(services, limits(0, "1h"))
            assert services.status.current().state == "busy"
        assert [state for state, _ in said(editor)] == ["busy", "warning"]


async def test_every_model_is_named(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        session = await services.sessions.get("my-openai")
        for model in ("m1", "m2", "m3"):
            hear(services, limits(0 if model != "m2" else 90, "1h"), session.id, model)
        services.runtime.rate_limits.wait("openai", session.id, "m1", 20)
        said = services.status.current().message
        assert [part for part in said.split() if part.startswith("m")] == ["m1:", "m3:"]
        assert said.count(clock(datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC))) == 2, (
            "the longer one is told"
        )
        for number in range(10, 20):
            hear(services, limits(0, "1h"), session.id, f"m{number}")
        assert services.status.current().message.endswith(" And 7 more limits are used up or almost.")


async def test_without_a_readable_end_it_is_for_now(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        hear(services, limits(0, "soon"))
        assert services.status.current().message == "OpenAI, gpt-5.5: no requests left for now."


async def test_a_time_that_is_not_today_says_so() -> None:
    now = datetime(2026, 11, 26, 22, 0).astimezone()
    assert clock(now + timedelta(hours=1), now) == "23:00"
    assert clock(now + timedelta(hours=7), now) == "05:00 tomorrow"
    assert clock(now + timedelta(hours=23), now) == "21:00 tomorrow"
    assert clock(now + timedelta(days=3), now) == "29 Nov, 22:00"
