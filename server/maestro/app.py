"""The composition root: the one place where the services are constructed and tied together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from maestro import provider
from maestro.connections import find_providers
from maestro.runtime import Runtime
from maestro.services.audit import AuditService
from maestro.services.chats import ChatService
from maestro.services.editor import Editor
from maestro.services.models import ModelService
from maestro.services.sessions import SessionService
from maestro.services.status import StatusService
from maestro.store.credentials import ApiKeyCredential
from maestro.store.sessions import ENVIRONMENT_NAME, SessionStore, StoredSession
from maestro_protocol.sessions import Session
from maestro_protocol.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the product does, for whoever sits in front of it."""

    runtime: Runtime
    sessions: SessionService
    models: ModelService
    chats: ChatService
    audit: AuditService
    status: StatusService

    async def aclose(self) -> None:
        """Close every connection."""
        await self.runtime.aclose()


def build(
    settings: Settings, environment: Mapping[str, str], editor: Editor, *, use_environment_keys: bool = False
) -> Services:
    """Tie everything together and install it under `maestro.provider`.

    `use_environment_keys` is for terminals; in an editor a key from the environment must be adopted first.
    """
    started = datetime.now(UTC)
    runtime = Runtime(settings, SessionStore(lambda: _offered(runtime, started)), environment)
    provider.use(runtime)
    status = StatusService(editor)
    sessions = SessionService(runtime, editor, use_environment=use_environment_keys)
    models = ModelService(runtime, sessions)
    return Services(
        runtime=runtime,
        sessions=sessions,
        models=models,
        chats=ChatService(runtime, models, status, editor),
        audit=AuditService(runtime, models, status, editor),
        status=status,
    )


def _offered(runtime: Runtime, since: datetime) -> Iterable[StoredSession]:
    """The sessions that keys in the environment, or in `config.toml`, offer."""
    for info in find_providers(runtime):
        in_file = runtime.settings.provider(info.id).api_key
        keys = [runtime.environment.get(name, "").strip() for name in info.key_variables]
        keys.append(in_file.get_secret_value() if in_file else "")
        if key := next(filter(None, keys), None):
            credential = ApiKeyCredential(key)
            session = Session(
                id=f"env:{info.id}",
                name=ENVIRONMENT_NAME,
                provider=info.id,
                auth_type="api_key",
                status="unverified",
                source="env",
                key_hint=credential.hint,
                created_at=since,
            )
            yield StoredSession(session, credential)
