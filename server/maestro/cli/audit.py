"""`maestro audit`: review files in a terminal or a build, and exit with what came of it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from maestro import provider
from maestro.app import Services
from maestro.audit.reports import renderings as reports
from maestro.cli.audit_baseline import baselines_for, update_baseline
from maestro.cli.audit_dry_run import dry_run, is_whole
from maestro.cli.audit_editor import AuditEditor
from maestro.cli.audit_progress import Progress
from maestro.cli.audit_report import exit_code, on_lines, render
from maestro.cli.audit_rules import rules_of
from maestro.cli.audit_targets import Place, find_places, in_shard, roots, targets_of
from maestro.cli.chat import model_named
from maestro.cli.terminal import GONE, Exits, checked, harmless, run_with_services, say
from maestro.errors import MaestroError
from maestro.services.audit_batch import Batches
from maestro.services.audit_targets import Target
from maestro.services.baselines import Baselines
from maestro_protocol.audit import AuditResult, AuditRunParams
from maestro_protocol.models import ModelListParams

INCOMPLETE, MISUSED = 2, 3
_UNREVIEWED = frozenset({"auditTargetInvalid", "outsideWorkspace", "budgetExceeded"})
"""Errors about what was named, or that money is used up; all others before the first request are about how."""


@dataclass(frozen=True, slots=True)
class _Job:
    options: argparse.Namespace
    here: Path
    places: Sequence[Place]
    folders: Sequence[Path]
    baselines: Baselines
    progress: Progress

    @property
    def root(self) -> Path:
        """What paths are relative to for machines."""
        return Path(os.path.commonpath(self.folders))


def run(options: argparse.Namespace) -> int:
    """0 clean, 1 findings at or above `--fail-on`, 2 not everything was reviewed, 3 misused, 130 interrupted."""
    if options.output is None and sys.stdout.name == os.devnull:  # what stands in for a stream that is closed
        say("The output cannot be written: standard output is closed.")
        return INCOMPLETE
    try:
        job = _job(options)
    except OSError:
        say(GONE)
        return MISUSED
    except MaestroError as error:
        say(error.message)
        return INCOMPLETE if error.kind in _UNREVIEWED else MISUSED
    return _run(job, os.environ)


def _job(options: argparse.Namespace) -> _Job:
    here = Path.cwd().resolve()
    places = find_places(options.paths, here)
    _check(options)
    progress = Progress(sys.stderr, wanted=not options.quiet)
    return _Job(options, here, places, roots(places), baselines_for(options), progress)


def _check(options: argparse.Namespace) -> None:
    """Find out before anything is paid for. Raises -32602."""
    rules_of(options.rules)
    if options.update_baseline and (options.no_baseline or options.dry_run):
        raise MaestroError("invalidParams", "--update-baseline goes with neither --no-baseline nor --dry-run.")
    if options.output is not None:
        output = Path(options.output)
        if output.is_dir() or not os.access(output if output.exists() else output.parent, os.W_OK):
            raise MaestroError("invalidParams", "The file behind --output cannot be written; name another one.")


def _run(job: _Job, environment: Mapping[str, str]) -> int:
    editor = AuditEditor(job.folders, job.progress)
    lacking: list[str] = []

    async def work(services: Services) -> int:
        try:
            return await _audit(services, job)
        except MaestroError as error:
            job.progress.clear()
            if job.options.dry_run and (variable := _missing_key(error, environment)):
                lacking.append(variable)
                return MISUSED
            return _refused(job, editor, error)

    exits = Exits(INCOMPLETE, MISUSED)
    code = run_with_services(work, editor, exits=exits, baselines=job.baselines, environment=environment)
    # What a request says does not depend on the key.
    return _run(job, {**environment, lacking[0]: "not-sent"}) if lacking else code


def _missing_key(error: MaestroError, environment: Mapping[str, str]) -> str | None:
    """The variable that a key would be in, where a session is all that is lacking."""
    if error.kind != "authRequired" or error.data.candidates:
        return None
    row = next((row for row in provider.list_providers() if row.id == error.data.provider), None)
    variable = row.env.name if row and row.env else None
    return variable if variable and not environment.get(variable) else None


async def _audit(services: Services, job: _Job) -> int:
    options = job.options
    for folder in job.folders:
        # One that cannot be read would otherwise be said of each file, and those be passed over.
        await job.baselines.load(folder.as_uri())
    found = await targets_of(job.places, options.diff, services.gate, services.editor)
    targets = in_shard(found, options.shard, services.gate)
    params = await _params(services, job)
    if options.dry_run:
        return 0 if is_whole(await dry_run(services, targets, params, options.output)) else INCOMPLETE
    if options.yes:
        _agree(services)
    lines = {target.uri: target.lines for target in targets}
    try:
        result = on_lines(await _reviewed(services, job, targets, params), lines)
    except asyncio.CancelledError:
        if job.progress.audit_id:
            _report(services, job, on_lines(services.audit.runs.get(job.progress.audit_id), lines))
        raise
    if options.update_baseline:
        result = await update_baseline(services, job.baselines, job.folders, result, options)
    _report(services, job, result)
    return exit_code(result, options.fail_on)


async def _reviewed(services: Services, job: _Job, targets: Sequence[Target], params: AuditRunParams) -> AuditResult:
    progress = job.progress
    progress(0, len(targets), "")
    try:
        if not job.options.batch:
            return await services.audit.run_on(targets, params, progress, progress)
        first_poll = 10 * services.runtime.settings.retry.base_delay_ms / 1000
        async with Batches(progress.told, first_poll) as batches:
            return await services.audit.run_on(targets, params, progress, progress, means=batches.means)
    finally:
        progress.clear()


async def _params(services: Services, job: _Job) -> AuditRunParams:
    options = job.options
    budget = {"maxCost": options.max_cost, "maxTokens": options.max_tokens}
    limits = {name: value for name, value in budget.items() if value is not None}
    rules: list[JsonValue] = [*(rules_of(options.rules) or ())]
    params = checked(
        AuditRunParams,
        {
            "target": {"workspaceFolder": job.root.as_uri()},
            "model": model_named(options.provider, options.model),
            "sessionId": options.session,
            "rules": rules or None,
            "minSeverity": options.min_severity,
            "budget": limits or None,
            "fresh": options.fresh,
        },
    )
    if options.max_cost is not None:  # prices come with a list of models
        target = await services.models.target(params.model, params.session_id, role="audit")
        await services.models.list(ModelListParams(provider=target.provider, session_id=target.session_id))
    return params


def _agree(services: Services) -> None:
    """For this run: nothing is remembered, and a `never` in the settings still counts."""
    settings = services.runtime.settings
    if settings.audit.consent == "ask":
        audit = settings.audit.model_copy(update={"consent": "always"})
        services.runtime.settings = settings.model_copy(update={"audit": audit})


def _report(services: Services, job: _Job, result: AuditResult) -> None:
    texts = {one.uri: text.text for one in result.findings if (text := services.texts.get(one.uri)) is not None}
    _write(job, result, texts)


def _write(job: _Job, result: AuditResult, texts: Mapping[str, str]) -> None:
    options = job.options
    summary = f"{reports.summary([result])}\n"
    colours = options.output is None and sys.stdout.isatty()
    if options.format == "text" and options.quiet:
        text = summary
    else:
        text = render(result, texts, options.format, here=job.here, root=job.root, colours=colours)
    if options.output is not None:
        Path(options.output).write_text(text, encoding="utf-8")
    else:
        # A text was made harmless where it was drawn, and has colours of our own.
        sys.stdout.write(text if options.format == "text" else harmless(text, sys.stdout))
        sys.stdout.flush()
    if not options.quiet and (options.output is not None or options.format != "text"):
        say(summary.rstrip())


def _refused(job: _Job, editor: AuditEditor, error: MaestroError) -> int:
    """Nothing was audited: a sentence, and for machines a report that does not look clean."""
    editor.show(error.message)
    for candidate in error.data.candidates or []:
        say(f"  {candidate}")
    if error.kind == "authRequired" and not (job.options.provider or job.options.model or job.options.session):
        say("Without a key, --provider offline checks by rules, and no model reads the code.")
    if error.kind == "consentRequired" and not job.options.yes and not sys.stdin.isatty():
        say("Without a terminal to be asked on, agree with --yes.")
    if job.options.format != "text" and not job.options.dry_run:
        _write(job, AuditResult(audit_id="", status="failed", error=error.info()), {})
    return INCOMPLETE if error.kind in _UNREVIEWED else MISUSED
