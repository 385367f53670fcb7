"""Which baseline `maestro audit` compares with, and how it is brought up to date."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from maestro.app import Services
from maestro.cli.terminal import say
from maestro.errors import MaestroError
from maestro.services.baseline_updates import accepted, reviewed_uris, updated
from maestro.services.baselines import Baselines
from maestro_protocol.audit import AuditResult


def baselines_for(options: argparse.Namespace) -> Baselines:
    """Each folder's own, that of `--baseline`, or none. Raises -32602 for a file that is not there."""
    if options.no_baseline:
        return Baselines(lambda folder: None)
    if options.baseline is None:
        return Baselines()
    file = Path(options.baseline).resolve()
    if not file.is_file() and not options.update_baseline:
        raise MaestroError("invalidParams", "There is no file behind --baseline; --update-baseline makes one.")
    return Baselines(lambda folder: file)


async def update_baseline(
    services: Services, baselines: Baselines, folders: Sequence[Path], result: AuditResult, options: argparse.Namespace
) -> AuditResult:
    """Write what was found into the folders' files; the result as it is then.

    What is gone is taken out, except where only a part of the findings was looked for.
    """
    is_part = options.rules or options.min_severity or options.diff
    reviewed = frozenset() if is_part else reviewed_uris(result)
    for folder in (one.as_uri() for one in folders):
        findings = [one for one in result.findings if services.gate.folder_of(one.uri)[0] == folder]
        places = [services.gate.folder_of(uri) for uri in reviewed]
        looked_at = {path for of, path in places if of == folder and path is not None}
        baseline = updated(await baselines.load(folder), findings, looked_at | baselines.gone(folder))
        await baselines.replace(folder, baseline)
        count = sum(entry.count for entry in baseline.entries)
        say(f"The baseline holds {count:,} {'finding' if count == 1 else 'findings'} now.")
    return result.model_copy(update={"findings": accepted(result.findings)})
