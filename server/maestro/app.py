"""The composition root: the one place where the services are constructed and tied together."""

from collections.abc import Mapping
from dataclasses import dataclass

from maestro import provider
from maestro.runtime import Runtime
from maestro.services.audit import AuditService
from maestro.services.chats import ChatService
from maestro.services.doctor import DoctorService
from maestro.services.editor import Editor
from maestro.services.imports import ImportService
from maestro.services.logins import LoginService
from maestro.services.models import ModelService
from maestro.services.refresher import Refresher
from maestro.services.sessions import SessionService
from maestro.services.status import StatusService
from maestro_protocol.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the product does, for whoever sits in front of it."""

    runtime: Runtime
    editor: Editor
    sessions: SessionService
    imports: ImportService
    logins: LoginService
    models: ModelService
    chats: ChatService
    audit: AuditService
    status: StatusService
    doctor: DoctorService
    refresher: Refresher

    async def open(self) -> None:
        """Read the store and follow it; take over what an older system left. What it has to say, it shows."""
        await self.sessions.open()
        for notice in await self.imports.run_once():
            self.editor.show(notice)

    async def aclose(self) -> None:
        """End what is under way, close every connection and the store."""
        await self.refresher.aclose()
        await self.logins.aclose()
        await self.runtime.aclose()


def build(
    settings: Settings, environment: Mapping[str, str], editor: Editor, *, use_environment_keys: bool = False
) -> Services:
    """Tie everything together and install it under `maestro.provider`.

    `use_environment_keys` is for terminals; in an editor a key from the environment must be adopted first.
    """
    runtime = provider.new_runtime(settings, environment)
    runtime.warn = editor.show
    provider.use(runtime)
    status = StatusService(editor)
    sessions = SessionService(runtime, editor, use_environment=use_environment_keys)
    models = ModelService(runtime, sessions)
    return Services(
        runtime=runtime,
        editor=editor,
        sessions=sessions,
        imports=ImportService(runtime),
        logins=LoginService(sessions, editor),
        models=models,
        chats=ChatService(runtime, models, status, editor),
        audit=AuditService(runtime, models, status, editor),
        status=status,
        doctor=DoctorService(runtime),
        refresher=Refresher(runtime),
    )
