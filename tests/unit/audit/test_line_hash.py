"""Line hashes agree with the published vectors of GitHub's own implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.reports.line_hash import primary_location_line_hashes

_GREETINGS = (
    "e9496ae3ebfced30:1 fb7c023a8b9ccb3f:1 ce8ba1a563dcdaca:1 e20e36e16fcb0cc8:1 b3edc88f2938467e:1"
    " c8e28b0b4002a3a0:1 c129715d7a2bc9a3:1"
)
_SAME = "a7f2ff13bc495cf2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "c129715d7a2bc9a3:1"),
        (" a\nb\n  \t\tc\n d", "271789c17abda88f:1 54703d4cd895b18:1 180aee12dab6264:1 a23a3dc5e078b07b:1"),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            "8b7cf3e952e7aeb2:1 b1ae1287ec4718d9:1 bff680108adb0fcc:1 c6805c5e1288b612:1 b86d3392aea1be30:1"
            " e6ceba753e1a442:1",
        ),
        (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", _GREETINGS),
        (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", _GREETINGS),
        (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", _GREETINGS),
        (" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", _GREETINGS),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            f"{' '.join(f'{_SAME}:{n}' for n in range(1, 7))} a7f2ff1481e87703:1 a9cf91f7bbf1862b:1"
            " 55ec222b86bcae53:1 cc97dc7b1d7d8f7b:1 c129715d7a2bc9a3:1",
        ),
        (
            "x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n",
            "e54938cc54b302f1:1 bb609acbe9138d60:1 1131fd5871777f34:1 5c482a0f8b35ea28:1 54517377da7028d2:1"
            " 2c644846cb18d53e:1 f1b89f20de0d133:1 c129715d7a2bc9a3:1",
        ),
    ],
)
def test_published_vectors(text: str, expected: str) -> None:
    assert primary_location_line_hashes(text) == expected.split()


@given(st.text(alphabet="ab \t\r\n😀", max_size=400))
def test_one_hash_per_line_whatever_the_blanks_and_line_ends(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    hashes = primary_location_line_hashes(text)
    assert len(hashes) == lines.count("\n") + 1
    assert hashes == primary_location_line_hashes(lines.replace(" ", "").replace("\t", ""))


def test_what_is_beyond_the_window_does_not_count() -> None:
    near, far = (primary_location_line_hashes("x" * 99 + mark + "\n" + "y" * 3)[0] for mark in ("a", "b"))
    assert near != far
    assert primary_location_line_hashes("x" * 100 + "a")[0] == primary_location_line_hashes("x" * 100 + "b")[0]
