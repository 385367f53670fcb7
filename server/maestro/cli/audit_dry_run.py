"""`maestro audit --dry-run`: exactly what would be sent, and nothing is."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from maestro.app import Services
from maestro.cli.terminal import harmless, say
from maestro.services.audit_dry_run import NOTHING_SENT, DryRun, line
from maestro.services.audit_targets import Target
from maestro_protocol.audit import AuditResult, AuditRunParams, ChunkReport


async def dry_run(
    services: Services, targets: Sequence[Target], params: AuditRunParams, output: str | None
) -> AuditResult:
    """Print the requests, one on a line, and say how many there are and what is left out."""
    dry = DryRun()
    result = await services.audit.run_on(targets, params, means=dry.means)
    lines = [line(request) for request in dry.requests]
    _write(lines, output)
    asked = {chunk.uri for chunk in result.chunks if lines and chunk.reason == NOTHING_SENT}
    say(
        f"{len(lines):,} requests with {dry.size:,} bytes about {len(asked):,} of {len(targets):,} files; "
        "nothing was sent."
    )
    if remembered := sum(chunk.pieces for chunk in result.chunks if chunk.cached):
        say(f"  {remembered:,} pieces are remembered from earlier audits, so they are not asked about again.")
    for reason, number in sorted(Counter(_left_out(result.chunks)).items()):
        say(f"  {number:,} left out: {reason}")
    return result


def is_whole(result: AuditResult) -> bool:
    """Whether nothing but the dry run kept anything from being reviewed."""
    return all(chunk.status != "failed" or chunk.reason == NOTHING_SENT for chunk in result.chunks)


def _left_out(chunks: Iterable[ChunkReport]) -> list[str]:
    return [chunk.reason for chunk in chunks if chunk.status != "reviewed" and chunk.reason not in (None, NOTHING_SENT)]


def _write(lines: Sequence[bytes], output: str | None) -> None:
    if output is not None:
        Path(output).write_bytes(b"".join(lines))
    elif sys.stdout.isatty():
        sys.stdout.writelines(harmless(one.decode(), sys.stdout) for one in lines)
    else:
        sys.stdout.buffer.writelines(lines)
    sys.stdout.flush()
