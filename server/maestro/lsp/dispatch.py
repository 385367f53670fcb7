"""`maestro/*`: from the table of methods to the feature that answers, and its result or failure as JSON."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TypeAlias, cast

from pydantic import JsonValue, ValidationError

from maestro.errors import MaestroError
from maestro.lsp.connection import Request
from maestro.lsp.context import RequestContext
from maestro.lsp.logs import describe, logger
from maestro.lsp.messages import INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, dump
from maestro.validation import issues_of, sentence
from maestro_protocol.base import Params, WireModel
from maestro_protocol.methods import BY_NAME, METHODS, Method, load

Feature: TypeAlias = Callable[[Params, RequestContext], Awaitable[WireModel]]
NewContext: TypeAlias = Callable[[Request, Params], RequestContext]


class Dispatcher:
    """Answers requests of the table. `package` holds one module per group of methods."""

    def __init__(self, new_context: NewContext, package: str = "maestro.lsp.features") -> None:
        self._new_context = new_context
        self._features = {m.name: feature for m in _requests() if (feature := _find(package, m))}
        self._turnstiles = Turnstiles()

    async def answer(self, request: Request) -> bytes:
        """The result as JSON.

        Raises:
            RpcError: -32601, -32602, or what the feature raised as a MaestroError.
        """
        method, feature = BY_NAME.get(request.method), self._features.get(request.method)
        if method is None or feature is None:
            raise RpcError(METHOD_NOT_FOUND, "There is no such method; see the protocol's reference.")
        params = validate(method, request.params)
        try:
            async with self._turnstiles.turn(_queue(method, params)):
                return dump(await feature(params, self._new_context(request, params)))
        except MaestroError as error:
            raise as_rpc_error(error) from error


class Turnstiles:
    """Lets requests with the same key through one after another, in the order they came."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._users: defaultdict[str, int] = defaultdict(int)

    @asynccontextmanager
    async def turn(self, key: str | None) -> AsyncIterator[None]:
        """Wait for those before; without a key, for nobody."""
        if key is None:
            yield
            return
        self._users[key] += 1
        try:
            async with self._locks[key]:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]


def validate(method: Method, value: JsonValue) -> Params:
    """The params as their type; absent and null mean empty.

    Raises:
        RpcError: -32602 with the path of each misfit, repeating no value.
    """
    given: JsonValue = {} if value is None else value
    if isinstance(given, dict):
        given = {name: inner for name, inner in given.items() if inner is not None}
    try:
        return cast("type[Params]", load(method.params)).from_wire(given)
    except ValidationError as error:
        issues = issues_of(error, given)
        data: JsonValue = [issue.to_wire() for issue in issues]
        raise RpcError(INVALID_PARAMS, f"In the params, {sentence(issues)}.", {"issues": data}) from None


def as_rpc_error(error: MaestroError) -> RpcError:
    return RpcError(error.code, error.message, error.data.to_wire())


def _requests() -> list[Method]:
    return [method for method in METHODS if method.kind == "request" and method.direction == "clientToServer"]


def _find(package: str, method: Method) -> Feature | None:
    """The function a method's name says; a broken module takes nobody else down."""
    try:
        feature: Feature = getattr(import_module(f"{package}.{method.group}"), method.function)
    except Exception as error:
        logger.error("%s has no feature: %s", method.name, describe(error))
        return None
    return feature


def _queue(method: Method, params: Params) -> str | None:
    """The name of the line a request stands in."""
    if method.serialise_by is None:
        return None
    if method.serialise_by == "*":
        return method.group
    value = params.model_dump(by_alias=True).get(method.serialise_by)
    return None if value is None else f"{method.group} {value}"
