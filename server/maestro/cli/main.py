"""The dispatcher of the terminal commands."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.resources import files

from maestro import __version__
from maestro.cli import audit_arguments


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 misused, 130 interrupted.

    Of `audit` 1 says that there are findings, so that it has failed with 2 and is misused with 3.
    """
    _mend_streams()
    failed, misused = (2, 3) if arguments[:1] == ["audit"] else (1, 2)
    try:
        try:
            options = _parser().parse_args(arguments)
        except SystemExit as end:
            raise SystemExit(misused if end.code == 2 else end.code) from None
        run = _command(options)
        code = run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # the output cannot be written, e.g. into a pipe whose reader has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered goes nowhere
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"The output cannot be written: {error.strerror}.\n")
        return failed
    except Exception as error:
        from maestro.cli.terminal import fault

        return fault(error, failed)


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    """The command's function; its module is imported only now."""
    if options.command in _PLAIN:
        return _PLAIN[options.command]
    if options.command is None:
        return _print_help
    module, _, function = _COMMANDS[options.command].partition(":")
    found: Callable[[argparse.Namespace], int] = getattr(import_module(f"maestro.cli.{module}"), function or "run")
    return found


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
_COMMANDS = {
    "chat": "chat",
    "models": "models",
    "demo": "demo",
    "login": "login",
    "logout": "login:run_logout",
    "sessions": "sessions",
    "store": "store",
    "vault": "store:run_rotate",
    "doctor": "doctor",
    "intents": "intents",
    "audit": "audit",
    "usage": "usage",
}
"""Where each command is: a module of `maestro.cli`, and its function where it is not `run`."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maestro", description="One editor backend for every AI provider.")
    flag = partial(parser.add_argument, dest="command", action="store_const")
    flag("--version", const="version", help="print the version")
    flag("--print-schema", const="schema", help="print the protocol's JSON Schema")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("lsp", help="serve an editor over stdio (--stdio)")

    chat = commands.add_parser("chat", help="ask a model something")
    chat.add_argument("message", nargs="*", help="what to say; standard input is added when it is not a terminal")
    chat.add_argument("--model", help="a full or short name, an alias, or auto; e.g. openai/gpt-5.5@high")
    chat.add_argument("--provider", help="use this provider's default model")
    chat.add_argument("--session", help="use this session, by name or id")
    chat.add_argument("--reasoning", action="store_true", help="show the model's reasoning, dimmed")

    models = commands.add_parser(
        "models",
        help="list the models you can use",
        epilog="Ends with 1 if a provider that was asked did not answer, or the provider file cannot be read.",
    )
    models.add_argument("--provider", help="only this provider's")
    models.add_argument("--discover", action="store_true", help="first ask which models answer a chat, and keep that")
    models.add_argument("--json", action="store_true", help="for machines")

    demo = commands.add_parser("demo", help="an editor's day in a minute, with no key and no network")
    demo.add_argument("--provider", default="offline", help="talk to this provider instead; its key is needed then")
    demo.add_argument(
        "--tour", choices=("day", "conversation"), default="day", help="`conversation`: chats, context, tools, intents"
    )
    demo.add_argument("--json", action="store_true", help="for machines")
    audit_arguments.declare(commands.add_parser("audit", help="review code, and exit with what was found"))
    _add_usage(commands.add_parser("usage", help="show what was spent, on what, and what is left of the budgets"))
    _add_intents(commands.add_parser("intents", help="list why tools were called, what was decided and what they did"))
    _add_identity(commands)
    return parser


def _add_identity(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Who one is with the providers, and how that is kept."""
    login = commands.add_parser("login", help="sign in to a provider, by API key or in the browser")
    login.add_argument("provider", help="openai, anthropic, gemini, or another of `maestro sessions --help`")
    login.add_argument("--name", default="default", help="what the session is called (default: default)")
    way = login.add_mutually_exclusive_group()
    way.add_argument("--key", action="store_true", help="by API key; from a pipe it is the first line")
    way.add_argument("--oauth", action="store_true", help="in the browser, by the provider's usual flow")
    login.add_argument("--flow", help="loopback, paste, device, profile, workloadIdentity or credentialsFile")
    login.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="e.g. mode=api_key")
    login.add_argument("--no-browser", action="store_true", help="only print the address")
    login.add_argument("--validate", action="store_true", help="ask the provider whether the credential is good")

    logout = commands.add_parser("logout", help="sign out of a session and forget it")
    logout.add_argument("session", help="its name or id")
    logout.add_argument("--keep-tokens", action="store_true", help="do not revoke the login at the provider")

    _add_sessions(commands.add_parser("sessions", help="list the named sessions, or change one"))

    store = commands.add_parser("store", help="care for the database").add_subparsers(dest="action", required=True)
    restore = store.add_parser("restore", help="bring back a backup; what is there now is backed up first")
    restore.add_argument("backup", help="the backup's file")
    vault = commands.add_parser("vault", help="care for the encryption").add_subparsers(dest="action", required=True)
    rotate = vault.add_parser("rotate", help="put every credential under a new key")
    rotate.add_argument("--to", choices=("keyring", "passphrase", "file"), help="where to keep the new key")

    doctor = commands.add_parser("doctor", help="say what is wrong, why, and how to mend it")
    doctor.add_argument("--network", action="store_true", help="also ask the providers whether they can be reached")
    doctor.add_argument("--json", action="store_true", help="for machines")


def _add_sessions(sessions: argparse.ArgumentParser) -> None:
    sessions.add_argument("--provider", help="only this provider's")
    sessions.add_argument("--json", action="store_true", help="for machines")
    actions = sessions.add_subparsers(dest="action", metavar="ACTION")
    for name, about in (
        ("rename", "give a session another name"),
        ("default", "use it when its provider is asked for and nothing else says which"),
        ("bind", "use it in a folder, before the default"),
        ("validate", "ask the provider whether its credential is good"),
        ("refresh", "renew its login now"),
    ):
        action = actions.add_parser(name, help=about)
        action.add_argument("session", help="its name or id")
        if name == "rename":
            action.add_argument("name", help="the new name")
        if name == "bind":
            action.add_argument("--folder", default=".", help="the folder (default: this one)")
    release = actions.add_parser("release", help="undo a folder's bindings")
    release.add_argument("--folder", default=".", help="the folder (default: this one)")
    actions.add_parser(
        "import", help="take in the keys of the provider file, and the logins of the system Maestro replaces"
    )


def _add_usage(usage: argparse.ArgumentParser) -> None:
    by = ("model", "provider", "session", "day", "chat", "turn")
    usage.add_argument("--by", choices=by, default="model", help="what to sum up by (default: model)")
    usage.add_argument("--since", metavar="DAY", help="today, a number of days as 7d, or a day as 2026-03-01 (UTC)")
    usage.add_argument("--json", action="store_true", help="for machines")


def _add_intents(intents: argparse.ArgumentParser) -> None:
    intents.add_argument("--chat", help="only this chat's, by id")
    intents.add_argument("--tool", help="only this tool's")
    intents.add_argument("--risk", choices=("low", "medium", "high"))
    intents.add_argument("--purpose", choices=("test_pass", "best_practice", "maintenance"))
    intents.add_argument("--since", metavar="TIME", help="e.g. 2026-03-01 or 2026-03-01T14:05")
    intents.add_argument("--mismatched", action="store_true", help="only what left its declared scope, marked with !")
    intents.add_argument("--limit", type=int, default=50, help="how many, the latest first (default: 50)")
    intents.add_argument("--json", action="store_true", help="for machines")
    actions = intents.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("show", help="everything about one").add_argument("id", help="the record's id")
    verify = actions.add_parser("verify", help="check that no record was changed since it was written")
    verify.add_argument("--head", metavar="HASH", help="a hash kept elsewhere, which must still be in the ledger")
    export = actions.add_parser("export", help="one JSON object per line, the oldest first")
    export.add_argument("--chat", dest="of_chat", help="only this chat's, by id")
