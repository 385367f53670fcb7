"""Whether who holds a lease is still there."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from maestro.database import leases


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


def holder(pid: int, of: str = "ours") -> str:
    """A holder's name as a process with this id would have it, in our namespace or in another."""
    _, process, nonce = leases.new("x").holder.split(":")
    namespace, _, _ = process.partition("-")
    return f"{pid}:{namespace if of == 'ours' else namespace + '1'}-0:{nonce}"


def test_this_process_lives_and_one_before_it_with_its_id_does_not() -> None:
    assert leases.lives(leases.new("x").holder)
    assert not leases.lives(holder(os.getpid()))


def test_a_process_lives_until_it_ends_even_if_nobody_has_noticed(child: "subprocess.Popen[bytes]") -> None:
    assert leases.lives(holder(child.pid))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    assert not leases.lives(holder(child.pid))


def test_of_a_process_in_another_container_nothing_is_known() -> None:
    assert leases.lives(holder(4_194_000, of="another"))
    assert not leases.lives(holder(4_194_000))
