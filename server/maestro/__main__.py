"""The command `maestro`. `maestro lsp` starts here and imports nothing that the first answer does not need."""

import gc

gc.disable()  # until the server has loaded; every other command turns it on again

import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402

USAGE = "usage: maestro lsp [--stdio] [--clientProcessId N]\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. `lsp` ends the process itself."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["lsp"]:
        return _lsp(arguments[1:])
    gc.enable()
    from maestro.cli.main import main as run_command

    return run_command(arguments)


def _lsp(arguments: Sequence[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(USAGE)
        return 0
    try:
        client_process_id = client_process(arguments)
    except ValueError as error:
        sys.stderr.write(f"maestro lsp: {error}\n{USAGE}")
        return 2
    from maestro.lsp.server import run

    # Threads may hang in a read or a write that nobody will ever finish.
    os._exit(run(client_process_id))


def client_process(arguments: Sequence[str]) -> int | None:
    """The process to watch, of `[--stdio] [--clientProcessId N]`; editors add these on their own, some of them twice.

    Raises:
        ValueError: an argument that is neither.
    """
    process_id = None
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name == "--clientProcessId":
            text = value if equals else next(rest, "")
            if not text.isdecimal():
                raise ValueError("--clientProcessId takes a process id")
            process_id = int(text)
        elif argument != "--stdio":
            raise ValueError(f"{argument} is not an argument of this command")
    return process_id


if __name__ == "__main__":
    sys.exit(main())
