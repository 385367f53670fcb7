"""The outline names what a part of a file may need to know, and holds no code."""

import pytest

from maestro.audit.code.skeleton import relevant, skeleton
from maestro.audit.code.units import find_units
from maestro.audit.source import AuditSource

PYTHON = '''\
import os  # why
from a import (
    b,
    c as d,
)

LIMIT = 3
"""import no"""
lower = 1


@decorated
class A(B):  # comment
    """class No:"""

    FIELD = 1

    def f(
        self,
        x: dict[str, int],
        y=":",
    ) -> int:
        import inner

        def nested(): ...

    class Inner:
        async def g(self): return 1


def h(z): pass
'''


def outline(language: str, text: str) -> tuple[str, ...]:
    source = AuditSource("file:///a", text, language)
    return skeleton(source, find_units(source).units)


def test_python_has_imports_constants_and_joined_signatures() -> None:
    assert outline("python", PYTHON) == (
        "import os",
        "from a import (b, c as d)",
        "LIMIT",
        "class A(B)",
        'def A.f(self, x: dict[str, int], y=":") -> int',
        "class A.Inner",
        "async def A.Inner.g(self)",
        "def h(z)",
    )


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "typescript",
            "import {\n  a,\n} from 'a'\nexport const MAX = 3\nconst f = (x: number) => x\n"
            "class A<T> {\n  g(): T { return 1 }\n}\n",
            ("import { a, } from 'a'", "export const MAX", "const f = (x: number)", "class A<T>", "A.g(): T"),
        ),
        (
            "go",
            'import (\n\t"fmt"\n)\nfunc (s *S) Run(x int) error { return nil }\n',
            ('import ("fmt")', "func (s *S) Run(x int) error"),
        ),
        (
            "rust",
            "use a::b;\nimpl A {\n  pub fn f(\n    &self,\n  ) -> u8 {\n    1\n  }\n}\n",
            ("use a::b;", "impl A", "pub fn A.f(&self) -> u8"),
        ),
        (
            "c",
            "#include <a.h>\n#define MAX 3\nint f(int x)\n{\n  return 1;\n}\n",
            ("#include <a.h>", "#define MAX", "int f(int x)"),
        ),
        ("kotlin", "import a.b\nfun f(x: Int) = x + 1\n", ("import a.b", "fun f(x: Int)")),
        ("plaintext", "import a\n", ("import a",)),
    ],
)
def test_other_languages_have_theirs(language: str, text: str, expected: tuple[str, ...]) -> None:
    assert outline(language, text) == expected


def test_bodies_comments_and_strings_change_nothing() -> None:
    changed = PYTHON.replace("def nested(): ...", "return 5").replace("# comment", "# other").replace("= 3", "= 4")
    assert outline("python", changed) == outline("python", PYTHON)


def test_an_outline_has_an_end() -> None:
    lines = outline("python", "\n".join(f"def function_{n}(a, b): pass" for n in range(500)))
    assert 3_900 < len("\n".join(lines)) <= 4_000


def test_only_what_the_code_mentions_is_relevant() -> None:
    lines = outline("python", PYTHON)
    assert relevant(lines, "def k(z, self):\n    return os.path + h(1) + d") == (
        "def h(z)",
        "from a import (b, c as d)",
        "import os",
    )
    assert (
        relevant(lines[::-1], "LIMIT + A")
        == relevant(lines, "LIMIT + A")
        == tuple(sorted(line for line in lines if "LIMIT" in line or " A" in line))
    )
    assert relevant(lines, "import def class x y") == ()
