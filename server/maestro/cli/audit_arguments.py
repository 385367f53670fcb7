"""What `maestro audit` can be told."""

import argparse
import re
from typing import NamedTuple

SEVERITIES = ("critical", "high", "medium", "low")
_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


class Shard(NamedTuple):
    """The `number`th `of` so many parts, counted from 1."""

    number: int
    of: int


def declare(audit: argparse.ArgumentParser) -> None:
    audit.epilog = "Exit code: 0 clean, 1 findings, 2 not everything was reviewed, 3 misused, 130 interrupted."
    audit.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: this folder)")
    audit.add_argument(
        "--diff",
        metavar="BASE",
        help="only lines that changed since this commit, committed or not; `main...` is where this branch left main",
    )
    audit.add_argument("--shard", type=shard, metavar="I/N", help="only this part of the files, e.g. 2/5")
    _declare_report(audit)
    _declare_baseline(audit)
    _declare_asking(audit)


def shard(text: str) -> Shard:
    """`2/5` as numbers. Raises ArgumentTypeError."""
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError("must be a part and a number of parts, as 2/5")
    return Shard(int(found[1]), int(found[2]))


def _declare_report(audit: argparse.ArgumentParser) -> None:
    report = audit.add_argument_group("the report")
    report.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text")
    report.add_argument("--output", metavar="FILE", help="write it there instead of to standard output")
    report.add_argument(
        "--fail-on",
        choices=(*SEVERITIES, "never"),
        default="low",
        help="exit with 1 for findings at least this severe (default: low)",
    )
    report.add_argument("--min-severity", choices=SEVERITIES, help="leave out what is less severe")
    report.add_argument("--rules", action="append", metavar="RULE,…", help="only these rules, by id or category")
    report.add_argument("--quiet", action="store_true", help="no progress bar; of a text only its last line")


def _declare_baseline(audit: argparse.ArgumentParser) -> None:
    baseline = audit.add_argument_group("the baseline, .maestro/baseline.json: findings that are known")
    which = baseline.add_mutually_exclusive_group()
    which.add_argument("--baseline", metavar="FILE", help="use this file instead")
    which.add_argument("--no-baseline", action="store_true", help="take no finding for known")
    baseline.add_argument("--update-baseline", action="store_true", help="make it what was found")


def _declare_asking(audit: argparse.ArgumentParser) -> None:
    asking = audit.add_argument_group("the model")
    asking.add_argument("--model", help="a full or short name, an alias, or auto; e.g. gemini/gemini-flash-latest")
    asking.add_argument("--provider", help="use this provider's default model")
    asking.add_argument("--session", help="use this session, by name or id")
    asking.add_argument("--yes", action="store_true", help="agree that code is sent to the provider, for this run")
    asking.add_argument("--fresh", action="store_true", help="ask again about code whose review is remembered")
    asking.add_argument("--max-cost", metavar="USD", help="send nothing that would cost more in all")
    asking.add_argument("--max-tokens", type=int, metavar="N", help="send nothing that would take more in all")
    how = asking.add_mutually_exclusive_group()
    how.add_argument("--batch", action="store_true", help="as batches: cheaper, and done within a day")
    how.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
