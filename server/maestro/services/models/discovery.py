"""What a compatible service says of its models: which there are, and whether one of them chats."""

import re
import time
from collections.abc import Callable, Iterator, Sequence

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.failures import UNSENT, ErrorClass, Failure, UpstreamError, classify_error
from maestro.services.models.provider_config import ProviderConfig
from maestro.transport import HttpRequest, fetch_blocking
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import TransportSettings

_LONGEST_NAME = 256
_PATIENCE_MS = 60_000
_TRIES, _LONGEST_WAIT = 3, 20.0
"""How often a model is asked by a service that is busy, and the longest time, in seconds, to wait in between."""

_ABOUT_THE_MODEL: frozenset[ErrorClass] = frozenset(("invalid_request", "content_filter", "context_window"))
"""Refusals that say something of the model; all others would say the same of any."""

CAP = re.compile(r"max_(?:completion_|output_)?tokens")
_CAPS: Sequence[JsonObject] = ({"max_tokens": 16}, {"max_completion_tokens": 16}, {})
"""No parameter for a short answer is taken by every service."""


class ModelDiscoveryService:
    """Asks services, one request after another; the thread waits. Keys go into the Authorization header alone."""

    def __init__(self, settings: TransportSettings | None = None, wait: Callable[[float], None] = time.sleep) -> None:
        given = settings or TransportSettings()
        patience = min(given.read_timeout_ms, _PATIENCE_MS)
        self._settings = given.model_copy(update={"read_timeout_ms": patience})
        self._wait = wait

    def validate_api_key(self, config: ProviderConfig) -> bool:
        """Whether there is a key to ask with."""
        return bool((config.api_key or "").strip())

    def discover_models(self, config: ProviderConfig, force_refresh: bool = False) -> list[dict[str, JsonValue]]:
        """The models the service lists, at least the `id` of each. What was heard less than `cache_duration` ago, or
        last before the service failed, is believed.

        Raises:
            UpstreamError: the service refused, could not be reached or listed nothing, and was never heard before.
            MaestroError: the same, of services that are asked through `maestro.provider`.
        """
        age = time.time() - config._cache_timestamp
        if config._cached_models and not force_refresh and 0 <= age < config.cache_duration:
            return list(config._cached_models)
        try:
            models = self._list(config)
        except (UpstreamError, MaestroError):
            if not config._cached_models:
                raise
        else:
            config._cached_models, config._cache_timestamp = models, time.time()
        return list(config._cached_models)

    def validate_model(self, config: ProviderConfig, model_name: str) -> bool:
        """Whether the model answers a chat.

        Raises:
            UpstreamError: the service does not say: it refuses the key, is out of quota, busy or gone.
        """
        try:
            answer = self._chat(config, model_name)
        except UpstreamError as error:
            if not _is_about_the_model(error, model_name):
                raise
            return False
        choices = answer.get("choices") if isinstance(answer, dict) else None
        return isinstance(choices, list) and bool(choices)

    def _list(self, config: ProviderConfig) -> list[dict[str, JsonValue]]:
        """A service without a list has the models it is configured with, if it serves the first of them."""
        try:
            answer = self._fetch(config, "GET", "models")
        except UpstreamError as error:
            configured = config.get_valid_models()
            if error.http_status != 404 or not configured or not self.validate_model(config, configured[0]):
                raise
            return [{"id": name} for name in configured]
        models = list({str(model["id"]): model for model in _models(answer)}.values())
        if not models:
            raise UpstreamError(Failure("malformed", "The answer lists no models; check the base URL"))
        return models

    def _chat(self, config: ProviderConfig, model_name: str) -> JsonValue:
        body: JsonObject = {"model": model_name, "messages": [{"role": "user", "content": "Hi"}]}
        for cap in _CAPS[:-1]:
            try:
                return self._ask(config, {**body, **cap})
            except UpstreamError as error:
                if error.http_status not in (400, 422) or not CAP.search(error.failure.message):
                    raise
        return self._ask(config, {**body, **_CAPS[-1]})

    def _ask(self, config: ProviderConfig, body: JsonObject) -> JsonValue:
        for _ in range(_TRIES - 1):
            try:
                return self._fetch(config, "POST", "chat/completions", body)
            except UpstreamError as error:
                delay = error.failure.retry_after or 2.0
                if error.failure.kind not in ("rate_limited", "overloaded") or delay > _LONGEST_WAIT:
                    raise
            self._wait(delay)
        return self._fetch(config, "POST", "chat/completions", body)

    def _fetch(self, config: ProviderConfig, method: str, path: str, body: JsonObject | None = None) -> JsonValue:
        key = config.api_key.strip()
        headers = {"authorization": f"Bearer {key}"} if key else {}
        url = f"{config.base_api_url.rstrip('/')}/{path}"
        reply = fetch_blocking(HttpRequest(method, url, headers, body), self._settings)
        if isinstance(reply.json, dict) and reply.json.get("error"):  # some gateways refuse with 200
            raise UpstreamError(classify_error(reply.json), http_status=reply.status)
        return reply.json


def _models(answer: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Of an object with `data` or `models`, or of a bare array (providers.md A.3), what has a name to ask by."""
    listed = answer.get("data", answer.get("models")) if isinstance(answer, dict) else answer
    for entry in listed if isinstance(listed, list) else ():
        names = [entry.get(field) for field in ("id", "model", "name")] if isinstance(entry, dict) else [entry]
        name = next((name for name in names if isinstance(name, str) and name), "")
        if name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME:
            yield {**(entry if isinstance(entry, dict) else {}), "id": name}


def _is_about_the_model(error: UpstreamError, model_name: str) -> bool:
    """What is forbidden may be the model or the key; only a service that names the model means the model."""
    status, failure = error.http_status, error.failure
    if status is None or 300 <= status < 400 or failure.code == UNSENT:
        return False
    return failure.kind in _ABOUT_THE_MODEL or (failure.kind == "permission" and model_name in failure.message)
