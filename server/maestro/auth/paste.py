"""Reads what the browser brought back: an address the user pasted, or the query of a redirect."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from maestro.auth.explain import harmless
from maestro.errors import MaestroError
from maestro_protocol.errors import Issue

_AROUND = " \t\r\n\"'`<>\u201c\u201d\u2018\u2019\u00ab\u00bb\u200b\ufeff"
_WRAPPED = re.compile(r"[\r\n]+[ \t]*")
_CODE = re.compile(r"[!-~]{1,4096}")
_ASKED = {"code_challenge", "client_id", "response_type"}
"""Parameters of the authorize URL, which some services give a `code` of its own."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """A code, and the state beside it if there was one."""

    code: str = field(repr=False)
    state: str | None = field(default=None, repr=False)


def read_paste(text: str) -> Pasted:
    """The code in `code`, `code#state`, `code=…&state=…` or the whole address the browser ended on.

    Raises:
        MaestroError: 4004 with the provider's words for an address that says why there is no code; -32602 for
            anything else without one.
    """
    text = _WRAPPED.sub("", text.strip(_AROUND))
    parameters = _parameters(text)
    if not _ASKED.isdisjoint(parameters):
        raise _no_code("This is the address of the login page; sign in there, and paste the address it ends on.")
    if refused := refusal(parameters):
        raise refused
    if not parameters and "://" not in text:
        code, _, state = text.partition("#")
    else:
        code, state = parameters.get("code", ""), parameters.get("state", "")
    if not is_code(code):
        raise _no_code("The text holds no login code; paste the code, or the whole address the browser ended on.")
    return Pasted(code, state or None)


def read_query(query: str) -> dict[str, str]:
    """The parameters of a query, the first of each name. A `+` stays one: codes hold no spaces, but some hold `+`."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, given, value = pair.partition("=")
        read = unquote_plus if name.startswith("error") else unquote
        if given:
            values.setdefault(unquote(name), read(value))
    return values


def refusal(parameters: Mapping[str, str]) -> MaestroError | None:
    """4004 if the provider's answer is that there is no code."""
    error = harmless(parameters.get("error", ""))
    if not error:
        return None
    description = harmless(parameters.get("error_description", "")).rstrip(".")
    words = f"{error}: {description}" if description else error
    return MaestroError("loginFailed", f"The provider refused the login ({words}); sign in again.")


def is_code(text: str) -> bool:
    """Whether it can be a code at all (RFC 6749, appendix A.11)."""
    return _CODE.fullmatch(text) is not None


def _parameters(text: str) -> dict[str, str]:
    """Those of the query or, where that says nothing, of the fragment; empty if neither is an answer."""
    head, _, fragment = text.partition("#")
    _, asked, query = head.partition("?")
    for part in (query if asked else head, fragment):
        values = read_query(part)
        if not {"code", "error", "state"}.isdisjoint(values):
            return values
    return {}


def _no_code(message: str) -> MaestroError:
    return MaestroError("invalidParams", message, issues=[Issue(path="inputs.code", message="holds no login code")])
