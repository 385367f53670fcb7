"""Every test of the server's parts also checks that the event loop is never blocked."""

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

# Small files that an answer cannot begin without, folders that are looked into once, and the lock of what measures.
READ_AT_ONCE = {
    ("coverage/collector.py", "lock_data"),
    ("maestro/lsp/limits.py", "_from_file"),
    ("maestro/settings/files.py", "content"),
    *(("maestro/providers/registry.py", name) for name in ("_folders", "_rows", "_plug_ins", "_exists", "_import")),
}


@pytest.fixture(autouse=True)
def never_block_the_loop() -> Iterator[None]:
    """A blocking call that the server's own code makes on the loop raises."""
    with blockbuster_ctx("maestro") as blocking_calls:
        for call in blocking_calls.functions.values():
            for file, function in READ_AT_ONCE:
                call.can_block_in(file, function)
        yield
