"""Code Assist, the service behind Gemini CLI, which Google forbids to other programs: off unless the user insists."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from maestro.errors import MaestroError
from maestro.providers import choices
from maestro.providers.base import Connection
from maestro.providers.gemini import onboarding
from maestro.providers.oauth import OAuthContext
from maestro.providers.request import join, present, require_https
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.models import Model
from maestro_protocol.sessions import StepField
from maestro_protocol.settings import ProviderSettings

SERVICE = "code-assist"
"""`details["service"]` of a session whose user agreed, and of Gemini CLI's own login."""
SCOPES = ("https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/userinfo.profile")
_BASE_URL = "https://cloudcode-pa.googleapis.com"
_MODELS = ("gemini-3.8-flash", "gemini-2.5-pro", "gemini-2.5-flash")
"""There is no list to ask for; the last two are from memory."""
_WHY = (
    "Google forbids other programs to use Gemini CLI's service, and bans accounts for it; "
    "an API key or a login of your own project is the allowed way. Do you take this risk?"
)


def is_wanted(context: OAuthContext) -> bool:
    return choices.flag(context, "codeAssist", context.settings.oauth.code_assist)


def consent(context: OAuthContext) -> Sequence[StepField]:
    """The question, where the service is wanted and nobody has agreed yet. Raises 4005 for a no."""
    return choices.consent(context, _WHY) if is_wanted(context) else ()


def is_on(connection: Connection) -> bool:
    credential = connection.credential
    return isinstance(credential, OAuthCredential) and credential.details.get("service") == SERVICE


def authorised(connection: Connection, credential: OAuthCredential) -> Connection:
    """At the service's own address. Raises 4104 for Gemini CLI's login where nobody has agreed to use it."""
    if credential.grant == "profile" and not connection.settings.oauth.code_assist:
        message = (
            "Gemini CLI's login works with Code Assist alone, which Google forbids to other programs; sign in with a "
            f"client of your own, or set `providers.{connection.info.id}.oauth.codeAssist` if you take the risk."
        )
        raise MaestroError("unsupported", message, session_id=connection.session.id)
    return replace(connection, credential=credential, base_url=_base_url(connection.settings, connection.info.id))


def method_url(connection: Connection, method: str) -> str:
    return join(connection.base_url, f"v1internal:{method}")


def wrapped(connection: Connection, model: str, body: JsonObject) -> JsonObject:
    """A request as the service takes it; its answers are unwrapped by `streaming.wire.gemini`."""
    credential = connection.credential
    project = credential.details.get("project") if isinstance(credential, OAuthCredential) else None
    return present(
        {
            "model": model.removeprefix("models/"),
            "project": project,
            "user_prompt_id": uuid4().hex,
            "request": body,
        }
    )


async def ready(connection: Connection) -> Connection:
    """With the project that requests name: Gemini CLI's own login does not tell it, so the service is asked."""
    credential = connection.credential
    if not isinstance(credential, OAuthCredential) or not is_on(connection) or credential.details.get("project"):
        return connection
    wanted = connection.settings.oauth.quota_project or _variable(connection.environment)
    project = await onboarding.project(connection.http, connection.base_url, credential.access_token, wanted)
    details = {**credential.details, **({"project": project} if project else {})}
    return replace(connection, credential=replace(credential, details=details))


async def project(context: OAuthContext, access_token: str) -> str | None:
    """The project of a new login, made by the service where there is none yet; None where it names none."""
    wanted = choices.text(context, "quotaProject") or context.settings.oauth.quota_project
    wanted = wanted or _variable(context.environment)
    return await onboarding.project(context.http, _base_url(context.settings, context.info.id), access_token, wanted)


def models(provider: str, default: str | None) -> list[Model]:
    """The default model and a few others."""
    names: dict[str, None] = dict.fromkeys([default, *_MODELS] if default else _MODELS)
    return [Model(id=f"{provider}/{name}", provider=provider, name=name) for name in names]


def _base_url(settings: ProviderSettings, provider: str) -> str:
    own = settings.oauth.code_assist_base_url or _BASE_URL
    return require_https(own, f"providers.{provider}.oauth.codeAssistBaseUrl").rstrip("/")


def _variable(environment: Mapping[str, str]) -> str | None:
    return environment.get("GOOGLE_CLOUD_PROJECT", "").strip() or None
