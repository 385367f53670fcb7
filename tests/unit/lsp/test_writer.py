"""The way out: ordered, bounded by those who can wait, and never in the way of the loop."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from maestro.lsp.frames import FrameDecoder, Input
from maestro.lsp.reader import Reader
from maestro.lsp.writer import CAPACITY, LossyText, Outbox


class Pipe:
    """A pipe whose reading end reads only when told to."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()
        self.data = bytearray()

    async def read(self, size: int) -> bytes:
        """At least `size` bytes, all that was read so far."""
        while len(self.data) < size:
            self.data += await asyncio.to_thread(os.read, self.out, 65536)
        return bytes(self.data)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for descriptor in (pipe.out, pipe.into):
        try:
            os.close(descriptor)
        except OSError:
            pass


def started(pipe: Pipe, broken: asyncio.Event | None = None) -> Outbox:
    outbox = Outbox(pipe.into, asyncio.get_running_loop(), broken.set if broken else lambda: None)
    outbox.start()
    return outbox


@pytest.mark.asyncio
async def test_frames_arrive_in_order(pipe: Pipe) -> None:
    outbox = started(pipe)
    frames = [f"<{number}>".encode() for number in range(10_000)]
    for one in frames:
        outbox.push(one)

    assert await pipe.read(len(b"".join(frames))) == b"".join(frames)
    await outbox.drained()
    assert outbox.size == 0


@pytest.mark.asyncio
async def test_a_reader_that_stops_stops_nobody_else(pipe: Pipe) -> None:
    outbox = started(pipe)
    big = b"x" * (CAPACITY + 200_000)

    outbox.push(big)
    assert not outbox.has_room
    waiting = asyncio.create_task(outbox.room())
    outbox.push(b"answer")  # answers never wait
    await asyncio.sleep(0)
    assert not waiting.done()

    assert await pipe.read(len(big) + 6) == big + b"answer"
    await waiting
    assert outbox.has_room


@pytest.mark.asyncio
async def test_everyone_who_waits_is_woken(pipe: Pipe) -> None:
    outbox = started(pipe)
    outbox.push(b"x" * (2 * CAPACITY))
    waiting = [asyncio.create_task(outbox.room()) for _ in range(5)]
    waiting += [asyncio.create_task(outbox.drained()) for _ in range(5)]
    given_up = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    given_up.cancel()

    await pipe.read(2 * CAPACITY)
    await asyncio.gather(*waiting)
    assert given_up.cancelled()
    assert not outbox._waiters


@pytest.mark.asyncio
async def test_notifications_wait_for_room_in_order(pipe: Pipe) -> None:
    outbox = started(pipe)
    outbox.push(b"x" * (2 * CAPACITY))
    for number in range(5):
        outbox.push_when_room(b"%d" % number)
    before = outbox.size
    outbox.push(b"answer")

    assert outbox.size == before + len(b"answer")
    assert (await pipe.read(2 * CAPACITY + 11))[2 * CAPACITY :] == b"answer01234"
    outbox.push_when_room(b"5")
    assert (await pipe.read(2 * CAPACITY + 12)).endswith(b"5")


@pytest.mark.asyncio
async def test_an_editor_that_is_gone_is_told_and_nothing_piles_up(pipe: Pipe) -> None:
    broken = asyncio.Event()
    outbox = started(pipe, broken)
    outbox.push(b"x" * (2 * CAPACITY))
    waiting = asyncio.create_task(outbox.drained())
    await asyncio.sleep(0)

    os.close(pipe.out)
    await broken.wait()
    await waiting
    outbox.push(b"more")
    assert outbox.size == 0 and outbox.has_room


@pytest.mark.asyncio
async def test_stderr_drops_the_oldest(pipe: Pipe) -> None:
    text = LossyText(pipe.into, lines=10)
    for number in range(1000):
        assert text.write(f"line {number}\n") > 0
    text.start()

    assert await pipe.read(90) == b"".join(b"line %d\n" % n for n in range(990, 1000))


@pytest.mark.asyncio
async def test_stderr_nobody_reads_blocks_nobody(pipe: Pipe) -> None:
    text = LossyText(pipe.into)
    text.start()
    writers = [threading.Thread(target=lambda: [text.write("x" * 1000 + "\ud83d") for _ in range(2000)])]
    for writer in writers:
        writer.start()
    await asyncio.to_thread(writers[0].join, 30)

    assert not writers[0].is_alive()
    assert text.writable()


@pytest.mark.asyncio
async def test_stderr_that_is_closed_is_left_alone(pipe: Pipe) -> None:
    text = LossyText(pipe.into)
    os.close(pipe.out)
    text.write("nobody")
    reader = threading.Thread(target=text._run)
    reader.start()
    await asyncio.to_thread(reader.join, 30)

    assert not reader.is_alive()
    assert text.write("nobody") == 6


@pytest.mark.asyncio
async def test_a_full_queue_lets_deferred_frames_through_one_by_one(pipe: Pipe) -> None:
    outbox = started(pipe)
    big = b"x" * CAPACITY
    for _ in range(4):
        outbox.push_when_room(big)
    assert outbox.size <= 2 * CAPACITY

    assert await pipe.read(4 * CAPACITY) == big * 4
    await outbox.drained()


def test_a_closed_loop_is_nobody_to_tell() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    pipe = Pipe()
    outbox = Outbox(pipe.into, loop, lambda: None)
    outbox._post(lambda: None)
    reader = Reader(pipe.out, FrameDecoder(1000), loop, lambda found: None, lambda: None)
    os.write(pipe.into, b"Content-Length: 1\r\n\r\nx")
    os.close(pipe.into)
    reader._run()


@pytest.mark.asyncio
async def test_the_reader_posts_what_it_reads_and_the_end() -> None:
    pipe = Pipe()
    found: list[Input] = []
    end = asyncio.Event()
    Reader(pipe.out, FrameDecoder(1000), asyncio.get_running_loop(), found.extend, end.set).start()
    os.write(pipe.into, b"Content-Length: 1\r\n\r\nxContent-Len")
    os.write(pipe.into, b"gth: 2\r\n\r\nyz")
    os.close(pipe.into)
    await end.wait()

    assert found == [b"x", b"yz"]


@pytest.mark.asyncio
async def test_an_input_that_fails_is_an_end() -> None:
    end = asyncio.Event()
    pipe = Pipe()
    os.close(pipe.out)
    Reader(pipe.into, FrameDecoder(1000), asyncio.get_running_loop(), lambda found: None, end.set).start()
    await end.wait()
