"""`maestro.finding.*` of `workspace/executeCommand`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress as tolerate
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from maestro.editor import NoAnswer
from maestro.lsp.commands import Command, Start, at_most, optional_text_at, text_at
from maestro.lsp.context import RequestContext
from maestro.lsp.editor import LspEditor
from maestro.lsp.features.finding import finding_dismiss, finding_get, finding_restore, finding_suppress
from maestro.lsp.messages import invalid_params
from maestro.lsp.words import explanation
from maestro_protocol.audit import FindingDismissParams, FindingParams, FindingSuppressParams
from maestro_protocol.base import Params

P = TypeVar("P", bound=Params)

_ID, _SCOPE, _REASON = "the finding's id", "`line`, `file`, `rule` or `baseline`", "a reason of at most 400 characters"
_OPEN = "Open the page about it"
_PATIENCE = 300.0
"""Seconds in which somebody may still ask for that page."""
_PAGE_SECONDS = 10.0


def finding_commands(start: Start, editor: LspEditor) -> Mapping[str, Command]:
    """What a person does about a finding; what became of it is seen in the diagnostics."""

    def explain(arguments: Sequence[JsonValue]) -> None:
        params = _params(FindingParams, arguments, finding_id=_ID)
        start(lambda context: _explain(params, context, editor))

    def suppress(arguments: Sequence[JsonValue]) -> None:
        params = _params(FindingSuppressParams, arguments, finding_id=_ID, scope=_SCOPE, reason=_REASON)
        start(lambda context: _suppress(params, context, editor))

    def dismiss(arguments: Sequence[JsonValue]) -> None:
        params = _params(FindingDismissParams, arguments, finding_id=_ID, reason=_REASON)
        start(lambda context: finding_dismiss(params, context))

    def restore(arguments: Sequence[JsonValue]) -> None:
        params = _params(FindingParams, arguments, finding_id=_ID)
        start(lambda context: finding_restore(params, context))

    return {
        "maestro.finding.explain": explain,
        "maestro.finding.suppress": suppress,
        "maestro.finding.dismiss": dismiss,
        "maestro.finding.restore": restore,
    }


def _params(kind: type[P], arguments: Sequence[JsonValue], **fields: str) -> P:
    """The arguments as the parameters of the method that does the same. Raises RpcError -32602."""
    at_most(arguments, len(fields))
    values: dict[str, str] = {}
    for place, (name, what) in enumerate(fields.items()):
        found = text_at(arguments, place, what) if place == 0 else optional_text_at(arguments, place, what)
        if found is not None:
            values[name] = found
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        name = str(error.errors(include_input=False)[0]["loc"][0])
        place = [*fields].index(name)
        raise invalid_params(f"arguments[{place}]", f"must be {fields[name]}") from None


async def _explain(params: FindingParams, context: RequestContext, editor: LspEditor) -> None:
    """Show what there is to say; the page about the rule opens only if somebody asks for it."""
    finding = await finding_get(params, context)
    words = explanation(finding)
    if finding.docs_url is None or not editor.opens_pages:
        editor.tell(words)
    elif await editor.ask(words, (_OPEN,), _PATIENCE) == _OPEN:
        with tolerate(NoAnswer):
            await editor.open_page(finding.docs_url, _PAGE_SECONDS)


async def _suppress(params: FindingSuppressParams, context: RequestContext, editor: LspEditor) -> None:
    result = await finding_suppress(params, context)
    if result.edits:
        editor.show("This editor takes no edits; write the comment that suppresses the finding yourself.")
