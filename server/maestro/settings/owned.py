"""What may be said in some places only: a secret not in what is shared, whom to trust only in the user's own file."""

from collections.abc import Iterator, Sequence
from functools import reduce

from pydantic import JsonValue

from maestro.settings.merging import Layer, without
from maestro.settings.problems import Report, listed, shown
from maestro_protocol.errors import Issue

_SECRETS = {
    ("apiKey",): "create a session instead",
    ("oauth", "clientSecret"): "use `config.toml`, the environment, or the login's own question",
}
_TRUSTED = "trustedFolders"


def without_secrets(layer: Layer, shared: str, report: Report) -> Layer:
    """The layer without secrets, which do not belong into `shared` places, as `editor settings`."""
    for secret, instead in _SECRETS.items():
        if found := [("providers", name, *secret) for name in _holders(layer.value, secret)]:
            paths = [shown(".".join(path)) for path in found]
            message = f"{listed(paths)} may not stand in {shared}, which are often shared; {instead}."
            report(layer.problem(message, [Issue(path=path, message=f"is not allowed in {shared}") for path in paths]))
            layer = layer._replace(value=reduce(without, found, layer.value))
    return layer


def without_trust(layer: Layer, report: Report) -> Layer:
    """The layer without `trustedFolders`: nobody trusts himself."""
    if not (isinstance(layer.value, dict) and _TRUSTED in layer.value):
        return layer
    message = f"`{_TRUSTED}` is taken from `config.toml` alone; move it there from {layer.place}."
    report(layer.problem(message, [Issue(path=_TRUSTED, message="is taken from `config.toml` alone")]))
    return layer._replace(value=without(layer.value, [_TRUSTED]))


def holds_key(value: JsonValue, provider: str) -> bool:
    """Whether settings in the wire's spelling say the key of a provider."""
    return provider in _holders(value, ("apiKey",))


def _holders(value: JsonValue, secret: Sequence[str]) -> Iterator[str]:
    providers = value.get("providers") if isinstance(value, dict) else None
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        if _holds(provider, secret):
            yield name


def _holds(value: JsonValue, path: Sequence[str]) -> bool:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True
