"""Changes to the provider file: what others wrote into it meanwhile, and people's comments, stay."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from maestro.private_files import alone_in, private_directory, tighten, write_private
from maestro.provider_file.entry import ProviderEntry, ProviderFileError
from maestro.provider_file.reading import compose, entries_of, naming, parse, read_text
from maestro.provider_file.splicing import Change, spliced

_NOTHING: Mapping[str, ProviderEntry] = MappingProxyType({})
_NEW = ProviderEntry()


def write(path: Path, entries: Mapping[str, ProviderEntry], known: Mapping[str, ProviderEntry] = _NOTHING) -> None:
    """Carry over to the file what makes `entries` differ from `known`, which is what they were when they were read.

    Whatever else the file holds by now stays. It is made if need be, for its owner alone, and replaced as a whole.

    Raises:
        ProviderFileError: the file there now cannot be read; it is left alone.
        OSError: it cannot be written.
    """
    _change(path, lambda there: merged(there, entries, known))


def without_keys(path: Path, ids: Iterable[str]) -> None:
    """Empty the `api_key` of these providers, which is kept elsewhere now. Raises as `write`."""
    named = {name.lower() for name in ids}
    if path.exists():
        _change(
            path,
            lambda there: {name: replace(entry, api_key="") for name, entry in there.items() if name.lower() in named},
        )


def edited(text: str, wanted: Mapping[str, ProviderEntry]) -> str:
    """The text with these providers as they shall be.

    Raises:
        ProviderFileError: it cannot be read, or is written in a way in which this cannot be done.
    """
    root = compose(text)
    there = entries_of(root)
    changes = {name: _changes(there.get(name), entry) for name, entry in wanted.items()}
    new = spliced(text, root, {"providers": changes})
    # Whatever a text may hold that was not thought of, no file is replaced by one that says something else.
    if not _says(new, {**there, **wanted}):
        raise ProviderFileError("this cannot be changed without losing something; lay it out on lines of their own")
    return new


def _change(path: Path, wanted: Callable[[Mapping[str, ProviderEntry]], Mapping[str, ProviderEntry]]) -> None:
    private_directory(path.parent)
    with alone_in(path.parent), naming(path):
        target = path.resolve()
        try:
            text = read_text(target)
        except FileNotFoundError:
            text = ""
        if (new := edited(text, wanted(parse(text)))) != text:
            write_private(target, new.encode())
        tighten(target)


def merged(
    there: Mapping[str, ProviderEntry], entries: Mapping[str, ProviderEntry], known: Mapping[str, ProviderEntry]
) -> Mapping[str, ProviderEntry]:
    """What the file shall say of those entries that are new or are not as they were; of ids, case does not count."""
    merged = {}
    for name, entry in entries.items():
        if entry != known.get(name):
            spelt = _spelt(name, there)
            merged[spelt] = _carried(there.get(spelt, _NEW), entry, known.get(name, _NEW))
    return merged


def _spelt(name: str, there: Iterable[str]) -> str:
    alike = [one for one in there if one.lower() == name.lower()]
    return name if name in alike or not alike else alike[0]


def _carried(there: ProviderEntry, new: ProviderEntry, old: ProviderEntry) -> ProviderEntry:
    """What is there now, with the difference between old and new."""
    valid = {
        long: short
        for long, short in there.valid_models.items()
        if long in new.valid_models or long not in old.valid_models
    }
    valid |= {long: short for long, short in new.valid_models.items() if old.valid_models.get(long) != short}
    gone, known = {*old.invalid_models} - {*new.invalid_models}, {*old.invalid_models, *there.invalid_models}
    return ProviderEntry(
        name=there.name if new.name == old.name else new.name,
        base_api_url=there.base_api_url if new.base_api_url == old.base_api_url else new.base_api_url,
        api_key=there.api_key if new.api_key == old.api_key else new.api_key,
        valid_models=valid,
        invalid_models=(
            *(name for name in there.invalid_models if name not in gone),
            *(name for name in new.invalid_models if name not in known),
        ),
    )


def _changes(old: ProviderEntry | None, new: ProviderEntry) -> Mapping[str, Change]:
    """What makes one entry of the other; a new one gets both of its lists, so that people see where models go."""
    is_new, old = old is None, old or _NEW
    changes: dict[str, Change] = {
        name: getattr(new, name)
        for name in ("name", "base_api_url", "api_key")
        if getattr(new, name) != getattr(old, name)
    }
    models: dict[str, str | None] = {long: None for long in old.valid_models if long not in new.valid_models}
    models |= {long: short for long, short in new.valid_models.items() if old.valid_models.get(long) != short}
    if models or is_new:
        changes["valid_models"] = models
    if new.invalid_models != old.invalid_models or is_new:
        changes["invalid_models"] = new.invalid_models
    return changes


def _says(text: str, entries: Mapping[str, ProviderEntry]) -> bool:
    try:
        return parse(text) == entries
    except ProviderFileError:
        return False
