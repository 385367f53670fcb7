"""What a login was asked to be: its client, its options, and what the user agreed to."""

from collections.abc import Sequence

from maestro.errors import MaestroError
from maestro.providers.oauth import OAuthContext
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import StepField

_YES = ("yes", "y", "true", "agree", "1")


def client_id(context: OAuthContext) -> str | None:
    """The OAuth client: what the user typed, else the settings', else `<PROVIDER>_OAUTH_CLIENT_ID`."""
    return context.input("clientId") or context.settings.oauth.client_id or _variable(context, "CLIENT_ID")


def client_secret(context: OAuthContext) -> str | None:
    """Its secret, from the same places."""
    set_secret = context.settings.oauth.client_secret
    return (
        context.input("clientSecret")
        or (set_secret.get_secret_value().strip() if set_secret else None)
        or _variable(context, "CLIENT_SECRET")
    )


def text(context: OAuthContext, name: str) -> str | None:
    """An option that is a text; None where it is absent or empty. Raises -32602 for anything else."""
    value = context.options.get(name)
    if value is None or (isinstance(value, str) and value.isprintable()):
        return (value or "").strip() or None
    raise misfit(name, "a text on one line")


def one_of(context: OAuthContext, name: str, choices: Sequence[str]) -> str | None:
    """An option that is one of a few words. Raises -32602 for another."""
    value = text(context, name)
    if value is None or value in choices:
        return value
    raise misfit(name, " or ".join(f"`{choice}`" for choice in choices))


def texts(context: OAuthContext, name: str) -> list[str]:
    """An option that is a list of texts. Raises -32602 for anything else."""
    value = context.options.get(name)
    given = value if isinstance(value, list) else [] if value is None else [value]
    found = [item for item in given if isinstance(item, str) and item and item.isprintable()]
    if len(found) != len(given):
        raise misfit(name, "a list of texts")
    return found


def flag(context: OAuthContext, name: str, setting: bool) -> bool:
    """An option that is on or off; the setting where it is absent. Raises -32602 for anything else."""
    value = context.options.get(name)
    if value is None:
        return setting
    if isinstance(value, bool):
        return value
    raise misfit(name, "true or false")


def consent(context: OAuthContext, why: str) -> list[StepField]:
    """The question whether the user wants what the vendor forbids, until it is answered.

    Raises:
        MaestroError: 4005 for any answer but yes.
    """
    answer = context.input("consent")
    if answer is None:
        return [StepField(key="consent", label=f"{why} Type yes to go on.", secret=False)]
    if answer.lower() in _YES:
        return []
    raise MaestroError("loginCancelled", "The login was cancelled because its risk was not agreed to.")


def misfit(name: str, wanted: str) -> MaestroError:
    """-32602 for an option."""
    issue = Issue(path=f"options.{name}", message=f"must be {wanted}")
    return MaestroError("invalidParams", f"`options.{name}` must be {wanted}; correct it.", issues=[issue])


def _variable(context: OAuthContext, name: str) -> str | None:
    return context.environment.get(f"{context.info.id.upper()}_OAUTH_{name}", "").strip() or None
