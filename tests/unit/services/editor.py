"""An editor with a workspace folder, whose user answers what is asked."""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from maestro.editor import Change, Document, Feature, NoAnswer
from maestro.positions import Encoding
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, JsonObject, WireModel

_GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
PERMISSION = "maestro/permission/request"
Reply = Callable[[JsonObject], JsonValue]


@dataclass
class FolderEditor:
    """An `Editor`. `replies` answers calls by method, an exception is raised; without one nobody answers."""

    folder: Path
    trusted: bool = True
    position_encoding: Encoding = "utf-16"
    features: set[Feature] = field(default_factory=lambda: {"permission", "clientTools"})
    replies: dict[str, Reply] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    calls: list[tuple[str, JsonObject]] = field(default_factory=list)
    told: list[tuple[str, JsonObject]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    applies_edits: bool = False

    @property
    def folders(self) -> Sequence[str]:
        return [self.folder.as_uri()]

    def show(self, message: str, *, error: bool = False) -> None:
        self.told.append(("window/showMessage", {"message": message}))

    def notify(self, method: str, params: WireModel) -> None:
        self.told.append((method, params.to_wire()))

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        self.calls.append(("window/showMessageRequest", {"message": message, "options": [*options]}))
        reply = self.replies.get("window/showMessageRequest")
        return str(reply({"message": message})) if reply else None

    def opened(self, uri: str) -> Document | None:
        return self.documents.get(uri)

    def offers(self, feature: Feature) -> bool:
        return feature in self.features

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        self.calls.append((method, params.to_wire()))
        self.asked.set()
        if (reply := self.replies.get(method)) is None:
            raise NoAnswer
        answer = reply(params.to_wire())
        if isinstance(answer, asyncio.Future):
            return await answer
        return answer

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        raise NoAnswer

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Nothing here is drawn."""

    def answers(self, option_id: str) -> None:
        """The user's answer to every question for permission."""
        self.replies[PERMISSION] = lambda _: {"optionId": option_id}

    def notices(self, method: str) -> list[JsonObject]:
        return [params for name, params in self.told if name == method]

    def questions(self) -> list[JsonObject]:
        return [params for method, params in self.calls if method == PERMISSION]


def keep_in_git(folder: Path) -> None:
    """Have git know every file of the folder, so that changing one can be undone."""
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "begin"]):
        subprocess.run([*_GIT, *arguments], cwd=folder, check=True, capture_output=True)
