"""`apply_edit`: replaces a text that stands exactly once in a file, or makes a new file."""

import asyncio
import unicodedata
from dataclasses import dataclass, field

from pydantic import Field

from maestro.audit.secrets import PLACEHOLDER
from maestro.editor import Change, NoAnswer
from maestro.errors import MaestroError
from maestro.positions import split_lines
from maestro.tools.base import Call, Edited, Outcome, ToolSpec, check_asked
from maestro.tools.edits import Span, line_end, line_of, nearest_lines, occurrences, range_of, with_line_end
from maestro.tools.inputs import ToolInput, input_schema, misfit, parse
from maestro.tools.output import hide
from maestro.workspace.denied import denial
from maestro.workspace.files import quoted
from maestro.workspace.gate import Place, Source
from maestro_protocol.intents import Observed
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations

_UNSEEN = frozenset(("Cc", "Cf", "Zl", "Zp"))
"""Unicode's controls, formats (zero width, direction) and separators."""
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by their category, and nothing on the screen."""
_CHANGED = "The file changed while the edit was made, so nothing was written; read it again and repeat the edit."


class ApplyEditInput(ToolInput):
    path: str = Field(min_length=1, description="The file, relative to the workspace folder.")
    old_text: str = Field(
        description=(
            "The text to replace, exactly as it stands in the file, with enough around it to be found once only. "
            "Empty to make a new file."
        )
    )
    new_text: str = Field(description="What stands there afterwards; the whole text of a new file.")


@dataclass(frozen=True, slots=True)
class _Replacement:
    """`raw` is the whole text before, None for a file that does not exist; `new` stands in place of `span`."""

    raw: str | None = field(repr=False)
    span: Span
    new: str = field(repr=False)
    version: int | None = None

    @property
    def text(self) -> str:
        raw = self.raw or ""
        return raw[: self.span.start] + self.new + raw[self.span.end :]


class ApplyEdit:
    spec = ToolSpec(
        name="apply_edit",
        description=(
            "Replace a text that stands exactly once in a file of the workspace, or make a new file. Read the file "
            "first; leave out the line numbers that `read_file` puts before lines. The file's line endings are kept."
        ),
        input_schema=input_schema(ApplyEditInput),
        annotations=ToolAnnotations(read_only=False, destructive=True, open_world=False),
    )

    def __init__(self) -> None:
        # Comparing a file with what was read and replacing it are two steps.
        self._writing = asyncio.Lock()

    async def subject(self, call: Call) -> PermissionSubject:
        wanted = parse(ApplyEditInput, call.input, self.spec.name)
        return _subject(await _writable(call, wanted.path), wanted)

    async def run(self, call: Call) -> Outcome:
        wanted = parse(ApplyEditInput, call.input, self.spec.name)
        place = await _writable(call, wanted.path)
        check_asked(call, _subject(place, wanted))
        source = await _existing(call, place, wanted)
        prepared = await asyncio.to_thread(_prepare, source, wanted) if source else _created(wanted)
        if isinstance(prepared, str):
            return Outcome(prepared, failed=True)
        if call.around.editor.applies_edits:
            return await _through_editor(call, source.uri if source else place.uri, place, prepared)
        async with self._writing:
            written = await call.around.gate.write(place, prepared.text, replacing=prepared.raw)
        return _done(place, source.uri if source else place.uri, prepared, "written", written)


async def _writable(call: Call, path: str) -> Place:
    """Where the file is or would be. The editor knows no rules, so those about writing are asked here too."""
    place = await call.around.gate.locate(path, call.around.folder)
    if (reason := denial(place.path, writing=True)) is not None:
        raise MaestroError("outsideWorkspace", f"{quoted(place.path)} {reason}.")
    if not place.exists and _has_unseen(place.path):
        raise misfit(ApplyEdit.spec.name, "`path` has a character that nobody sees; make the file without it")
    return place


def _has_unseen(path: str) -> bool:
    """Whether a path shows as another one than it is."""
    return any(
        unicodedata.category(char) in _UNSEEN or char in _BLANKS or "\ufe00" <= char <= "\ufe0f" for char in path
    )


def _subject(place: Place, wanted: ApplyEditInput) -> PermissionSubject:
    return PermissionSubject(
        type="edit",
        tool=ApplyEdit.spec.name,
        path=place.path,
        uri=place.uri,
        old_text=wanted.old_text,
        new_text=wanted.new_text,
    )


async def _existing(call: Call, place: Place, wanted: ApplyEditInput) -> Source | None:
    """The text to edit; None where a new file is to be made."""
    try:
        source = await call.around.gate.read(wanted.path, call.around.folder)
    except MaestroError as error:
        # A document that was never saved is open without being a file, so the gate is asked in any case.
        if wanted.old_text or place.exists or error.kind != "requestFailed":
            raise
        return None
    if (source.folder, source.path) != (place.folder, place.path):  # a link was put there in between
        raise MaestroError("contentModified", _CHANGED)
    return source


def _created(wanted: ApplyEditInput) -> _Replacement | str:
    if _strays(wanted.new_text, ""):
        return _stray("this new file")
    return _Replacement(None, Span(0, 0), wanted.new_text)


def _prepare(source: Source, wanted: ApplyEditInput) -> _Replacement | str:
    """The replacement, or why there is none."""
    old = source.restore(wanted.old_text)
    places = occurrences(source.raw, old) if old else [Span(0, 0)]
    if not old and source.raw:
        return f"{source.path} exists already; give the part to replace as `oldText`."
    if len(places) != 1:
        return _not_once(source, wanted.old_text, places)
    new = with_line_end(source.restore(wanted.new_text), line_end(source.raw))
    if new == source.raw[places[0].start : places[0].end]:
        return "`newText` is what stands there already, so nothing was changed."
    if _strays(new, source.raw):
        return _stray(source.path)
    return _Replacement(source.raw, places[0], new, source.version)


def _strays(new: str, raw: str) -> bool:
    """Whether a placeholder would be written that stands for nothing here: the secret itself would be lost."""
    return any(found[0].startswith("MSK") and found[0] not in raw for found in PLACEHOLDER.finditer(new))


def _stray(where: str) -> str:
    return f"`newText` holds a placeholder (MSK…) that stands for no secret of {where}, so nothing was changed."


def _not_once(source: Source, old: str, places: list[Span]) -> str:
    if places:
        lines = ", ".join(str(line_of(source.raw, place.start)) for place in places[:10])
        more = ", …" if len(places) > 10 else ""
        return (
            f"`oldText` stands {len(places)} times in {source.path} (lines {lines}{more}), not once; "
            "give more of the text around the place you mean."
        )
    near = nearest_lines(source.text, old)
    if not near:
        return f"`oldText` stands 0 times in {source.path}, and no line resembles it; read the file again."
    shown = "\n".join(f"{number}\t{line}" for number, line in near)
    return f"`oldText` stands 0 times in {source.path}; read it again. The nearest lines:\n{shown}"


async def _through_editor(call: Call, uri: str, place: Place, replacement: _Replacement) -> Outcome:
    editor = call.around.editor
    where = await asyncio.to_thread(range_of, replacement.raw or "", replacement.span, editor.position_encoding)
    change = Change(uri, replacement.version, where, replacement.new, create=replacement.raw is None)
    if _is_outdated(call, uri, replacement):
        raise MaestroError("contentModified", _CHANGED)
    try:
        refused = await editor.apply(change, f"Edit {place.path}", call.around.settings.tools.timeout_ms / 1000)
    except NoAnswer:
        message = f"The editor did not say whether it edited {place.path}; read the file before you go on."
        return Outcome(message, failed=True)
    if refused is None:
        return _done(place, uri, replacement, "edited in the editor, not saved yet", len(replacement.new.encode()))
    if _is_outdated(call, uri, replacement):
        raise MaestroError("contentModified", _CHANGED)
    why = hide(refused[:1_000], call.around.secrets())
    return Outcome(f"The editor refused to edit {place.path}: {why}", failed=True)


def _is_outdated(call: Call, uri: str, replacement: _Replacement) -> bool:
    opened = call.around.editor.opened(uri)
    return (opened.version if opened else None) != replacement.version


def _done(place: Place, uri: str, replacement: _Replacement, how: str, written: int) -> Outcome:
    new_lines = len(split_lines(replacement.new))
    if replacement.raw is None:
        content = f"{place.path}: a new file of {new_lines:,} line(s), {how}."
    else:
        old_lines = len(split_lines(replacement.raw[replacement.span.start : replacement.span.end]))
        line = line_of(replacement.raw, replacement.span.start)
        content = f"{place.path}: {old_lines:,} line(s) from line {line:,} on are now {new_lines:,}, {how}."
    edited = Edited(place.path, uri, replacement.raw or "", replacement.text)
    return Outcome(content, observed=Observed(paths=[place.path], bytes_written=written), edited=[edited])
