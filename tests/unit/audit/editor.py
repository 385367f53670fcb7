"""An editor in memory: documents, answers to questions, and what it was told to show."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from pydantic import JsonValue

from maestro import app, provider
from maestro.app import Services
from maestro.editor import Change, Document, Feature, NoAnswer
from maestro.positions import Encoding
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, WireModel
from maestro_protocol.settings import Settings


@dataclass
class MemoryEditor:
    """An `Editor`. `answers` are given in turn; without one nobody answers."""

    documents: dict[str, Document] = field(default_factory=dict)
    trusted: bool = True
    position_encoding: Encoding = "utf-16"
    answers: list[str | None] = field(default_factory=list)
    asked: list[tuple[str, Sequence[str], float]] = field(default_factory=list)
    published: list[tuple[str, int | None, list[Finding]]] = field(default_factory=list)

    told: list[str] = field(default_factory=list)
    folders: Sequence[str] = ()
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    services: Services | None = None
    """Hears of what happens to documents, as soon as there are any."""

    def show(self, message: str, *, error: bool = False) -> None:
        self.told.append(message)

    def open(self, uri: str, text: str, language: str = "python", version: int | None = 1) -> None:
        self.documents[uri] = Document(uri, text, language, version)
        if self.services is not None:
            self.services.texts.opened(uri)

    def change(self, uri: str, text: str) -> None:
        document = self.documents[uri]
        self.documents[uri] = replace(document, text=text, version=(document.version or 0) + 1)
        if self.services is not None:
            self.services.texts.changed(uri, [(None, text)])

    def close(self, uri: str) -> None:
        del self.documents[uri]
        if self.services is not None:
            self.services.texts.closed(uri)

    def notify(self, method: str, params: WireModel) -> None:
        """Nothing here is drawn."""

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        self.asked.append((message, options, timeout))
        await asyncio.sleep(0)  # people take time
        return self.answers.pop(0) if self.answers else None

    def opened(self, uri: str) -> Document | None:
        return self.documents.get(uri)

    def offers(self, feature: Feature) -> bool:
        return False

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        raise NoAnswer

    @property
    def applies_edits(self) -> bool:
        return False

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        raise NoAnswer

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        self.published.append((uri, version, list(findings)))
        self.shown.set()


@dataclass
class Events:
    """An `EventSink` that keeps everything."""

    sent: list[WireModel] = field(default_factory=list)
    has_room: bool = True

    def send(self, event: WireModel) -> None:
        self.sent.append(event)

    async def room(self) -> None:
        """There always is."""

    @property
    def types(self) -> list[object]:
        return [event.to_wire()["type"] for event in self.sent]


_opened: list[tuple[Services, Path]] = []


async def product(editor: MemoryEditor, settings: Settings) -> Services:
    """The services, over a store of their own that `forget` takes away."""
    home = Path(mkdtemp(prefix="maestro-audit-"))
    services = app.build(settings, {"MAESTRO_HOME": str(home), "HOME": str(home)}, editor)
    _opened.append((services, home))
    editor.services = services
    await services.open()
    return services


def forget() -> None:
    """End everything `product` made."""
    provider.use(None)
    while _opened:
        services, home = _opened.pop()
        asyncio.run(services.aclose())
        rmtree(home)
