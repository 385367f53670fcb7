"""The dispatcher of the terminal commands: `maestro chat`, `maestro models`, `maestro demo`."""

import argparse
import sys
from collections.abc import Sequence

from maestro import __version__


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 misused, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "chat":
            from maestro.cli.chat import run
        elif options.command == "models":
            from maestro.cli.models import run
        else:
            from maestro.cli.demo import run
        return run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maestro", description="One editor backend for every AI provider.")
    parser.add_argument("--version", action="version", version=f"maestro {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
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
