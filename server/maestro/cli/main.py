"""The dispatcher of the terminal commands: `maestro chat`, `maestro models`, `maestro demo`."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.resources import files

from maestro import __version__


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 misused, 130 interrupted."""
    _mend_streams()
    try:
        options = _parser().parse_args(arguments)
        if options.command == "chat":
            from maestro.cli.chat import run
        elif options.command == "models":
            from maestro.cli.models import run
        elif options.command == "demo":
            from maestro.cli.demo import run
        else:
            run = _PLAIN.get(options.command, _print_help)
        code = run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # the output cannot be written, e.g. into a pipe whose reader has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered goes nowhere
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"The output cannot be written: {error.strerror}.\n")
        return 1


def _mend_streams() -> None:
    """Streams that are closed lead nowhere; characters that an encoding lacks are written as escapes."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")
        setattr(sys, name, stream)
        stream.reconfigure(errors="backslashreplace")


def _print(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _print_schema(options: argparse.Namespace) -> int:
    return _print((files("maestro_protocol") / "schema.json").read_text(encoding="utf-8"))


def _print_version(options: argparse.Namespace) -> int:
    return _print(f"maestro {__version__}\n")


def _print_help(options: argparse.Namespace) -> int:
    sys.stderr.write(_parser().format_help())
    return 2


_PLAIN = {"schema": _print_schema, "version": _print_version}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maestro", description="One editor backend for every AI provider.")
    flag = partial(parser.add_argument, dest="command", action="store_const")
    flag("--version", const="version", help="print the version")
    flag("--print-schema", const="schema", help="print the protocol's JSON Schema")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("lsp", help="serve an editor over stdio (--stdio)")

    chat = commands.add_parser("chat", help="ask a model something")
    chat.add_argument("message", nargs="*", help="what to say; standard input is added when it is not a terminal")
    chat.add_argument("--model", help="a short or full name, e.g. openai/gpt-5.5")
    chat.add_argument("--provider", help="use this provider's default model")
    chat.add_argument("--reasoning", action="store_true", help="show the model's reasoning, dimmed")

    models = commands.add_parser("models", help="list the models you can use")
    models.add_argument("--provider", help="only this provider's")
    models.add_argument("--json", action="store_true", help="for machines")

    demo = commands.add_parser("demo", help="an editor's day in a minute, with no key and no network")
    demo.add_argument("--provider", default="offline", help="talk to this provider instead; its key is needed then")
    demo.add_argument("--json", action="store_true", help="for machines")
    return parser
