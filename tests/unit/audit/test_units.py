"""Units leave out no line, begin where definitions do, and survive broken code."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.code.indentation import find_by_indentation
from maestro.audit.code.symbols import enclosing, find_symbols, same_symbol
from maestro.audit.code.units import LastGood, LastGoods, find_units
from maestro.audit.source import AuditSource
from tests.unit.audit.model import python

LANGUAGES = [
    "python",
    "go",
    "java",
    "javascript",
    "typescriptreact",
    "rust",
    "c",
    "cpp",
    "ruby",
    "kotlin",
    "yaml",
    "plaintext",
]
LINES = st.lists(
    st.sampled_from(
        """\
def f():
    x = 1
y = 2
@d
class C:
    def g(self):
# c
    # d
}
{
func f() {
class A {
  int g(int x) {
  }
// c
/*
*/
impl A {
  fn h() {}
#[x]
end
é = `
\"\"\"
""".split("\n")
    ),
    max_size=25,
)


def cut(language: str, text: str) -> list[tuple[str, int, int]]:
    return [tuple(unit) for unit in find_units(AuditSource("file:///a", text, language)).units]


def texts(language: str, text: str) -> dict[str, str]:
    source = AuditSource("file:///a", text, language)
    return {
        u.symbol: "\n".join(source.lines[u.first_line : u.last_line + 1]).rstrip() for u in find_units(source).units
    }


@given(st.sampled_from(LANGUAGES), LINES, LINES)
def test_every_line_is_in_one_unit(language: str, before: list[str], lines: list[str]) -> None:
    last_good = find_units(AuditSource("file:///a", "\n".join(before), language)).last_good
    source = AuditSource("file:///a", "\n".join(lines), language)
    for good in (None, last_good):
        units = find_units(source, good).units
        assert [n for u in units for n in range(u.first_line, u.last_line + 1)] == list(range(len(source.lines)))
        assert all(unit.first_line <= unit.last_line for unit in units)


PYTHON = '''\
"""Doc."""

import os

X = 1


# About the class.
@decorated
class A(B):
    """Doc."""

    y = 2

    # About f.
    @cached
    def f(self):
        def inner():
            pass

        return inner

    z = 3

    async def g(self): ...


def main():
    if x:
        pass


if __name__ == "__main__":
    main()
'''


def test_python_is_cut_at_functions_class_headers_and_statements() -> None:
    assert cut("python", PYTHON) == [
        ("", 0, 6),
        ("A", 7, 13),
        ("A.f", 14, 21),
        ("A", 22, 23),
        ("A.g", 24, 26),
        ("main", 27, 31),
        ("", 32, 34),
    ]


GO = "package a\n\n// T is.\ntype T struct {\n\tx int\n}\n\n// Run does.\nfunc (t *T[K]) Run() {\n}\n\nfunc main() {}\n"
JAVA = (
    "import a.B;\n\n/** A. */\n@X\nclass A {\n  int x;\n\n  /** f. */\n  @Override\n  int f(int y) {\n    return y;\n"
    "  }\n}\n"
)
TYPESCRIPT = (
    "import a from 'a'\n\n// f\nexport const f = async () => {\n}\n\n@D()\nexport class A {\n  x = 1\n\n"
    "  @e\n  g(): void {}\n  h = () => 1\n}\n"
)
RUST = "use a;\n\n/// T\n#[derive(X)]\nstruct T {}\n\nimpl<X> Y for T<X> {\n    // a\n    #[inline]\n    fn f() {}\n}\n"
C = "#include <a.h>\n\n/* f */\nstatic char **\nf(int x)\n{\n}\n\nstruct s {\n  int x;\n};\n"
CPP = (
    "template <class T>\nclass A : B {\n  int x;\n  A() : x(1) {\n  }\n};\n\n"
    "int ns::A::f(int x) const\n{\n  if (x) {\n  }\n}\n"
)
RUBY = "class A\n  x 1\n  # f\n  def f\n    if x\n    end\n  end\nend\n"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("go", GO, [("", 0, 1), ("T", 2, 6), ("T.Run", 7, 10), ("main", 11, 12)]),
        ("java", JAVA, [("", 0, 1), ("A", 2, 6), ("A.f", 7, 11), ("A", 12, 13)]),
        (
            "typescript",
            TYPESCRIPT,
            [("", 0, 1), ("f", 2, 5), ("A", 6, 9), ("A.g", 10, 11), ("A.h", 12, 12), ("A", 13, 14)],
        ),
        ("rust", RUST, [("", 0, 1), ("T", 2, 5), ("T", 6, 6), ("T.f", 7, 9), ("T", 10, 11)]),
        ("c", C, [("", 0, 1), ("f", 2, 7), ("s", 8, 11)]),
        ("cpp", CPP, [("A", 0, 6), ("ns.A.f", 7, 12)]),
        ("ruby", RUBY, [("A", 0, 1), ("A.f", 2, 6), ("A", 7, 8)]),
        ("yaml", "a: 1\n\nb: 2\n", [("", 0, 3)]),
        ("plaintext", "", [("", 0, 0)]),
    ],
)
def test_other_languages_are_cut_alike(language: str, text: str, expected: list[tuple[str, int, int]]) -> None:
    assert cut(language, text) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("go", GO),
        ("java", JAVA),
        ("typescript", TYPESCRIPT.replace("  h = () => 1\n", "")),
        ("rust", RUST),
        ("c", C.replace("**\nf", "**f")),
    ],
)
def test_without_a_grammar_definitions_are_found_by_their_looks(language: str, text: str) -> None:
    source = AuditSource("file:///a", text, language)
    looks = [(symbol.name.rpartition(".")[2], symbol.last_line) for symbol in find_by_indentation(source)]
    assert looks == [(symbol.name.rpartition(".")[2], symbol.last_line) for symbol in find_symbols(source)]


def test_a_function_that_moves_keeps_its_text() -> None:
    parts = {name: f"# About {name}.\n@x\ndef {name}():\n    return 1\n" for name in "abc"}
    for order in ("abc", "cab", "bca"):
        assert texts("python", "import os\n\n\n" + "\n\n".join(parts[name] for name in order)) == {
            "": "import os",
            **{name: part.rstrip() for name, part in parts.items()},
        }


def test_many_statements_are_cut_where_blank_lines_part_them() -> None:
    paragraph = "x = (\n\n1)\n'''\n\na'''\n"
    text = "\n".join([paragraph] * 20)
    units = cut("python", text)
    assert len(units) == 20
    assert all(text.split("\n")[first].startswith("x = (") for _, first, _ in units)


def in_tree(body: Iterable[ast.AST], outer: str = "") -> Iterator[tuple[str, int, int]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{node.name}" if outer else node.name
            first = min(node.lineno, *(d.lineno for d in node.decorator_list), node.lineno)
            yield name, first - 1, (node.end_lineno or 0) - 1
            yield from in_tree(node.body, name)
        else:
            yield from in_tree(ast.iter_child_nodes(node), outer)


@pytest.mark.parametrize(
    "name", ["argparse.py", "typing.py", "tokenize.py", "test/test_grammar.py", "test/test_typing.py"]
)
def test_python_is_laid_out_as_its_parser_says(name: str) -> None:
    source = python((Path(ast.__file__).parent / name).read_text("utf-8"))
    assert [symbol[:3] for symbol in find_symbols(source)] == list(in_tree(ast.parse(source.plain).body))


@pytest.mark.parametrize(
    "text",
    [
        'def f():\n    x\n"""s"""\ndef g(): """d"""',
        "class A:\n    def f(self): return (\n1\n)\n    x = 1\n@a\n@b(\n)\n# c\nasync def g(): pass\n",
        "def f():\n    x = '''\ndef no(): pass\n'''\n    y = 1 + \\\n2\n  # c\n\n",
        "if x:\n  def g(): pass\nelse:\n\tdef h():\n\t\tpass",
    ],
)
def test_python_is_laid_out_as_its_parser_says_even_if_odd(text: str) -> None:
    assert [symbol[:3] for symbol in find_symbols(python(text))] == list(in_tree(ast.parse(text).body))


@pytest.mark.parametrize("text", ["def f(:\n    x", "x)", 'def f():\n    """a\n\ndef g(): pass', "('\n", '"""'])
def test_what_is_not_closed_is_broken(text: str) -> None:
    assert not find_units(python(text)).parsed


def test_a_fault_inside_a_line_moves_no_boundary() -> None:
    good = find_units(python(PYTHON))
    broken = find_units(python(PYTHON.replace("y = 2", "y = = 'a")), good.last_good)
    assert broken.parsed and broken.units == good.units


def test_broken_code_keeps_the_last_good_boundaries() -> None:
    good = find_units(python(PYTHON))
    assert good.parsed and good.last_good is not None
    broken = PYTHON.replace("        return inner", "        return (inner\n        x = ").replace(
        "import os\n", "import os\nimport re\n"
    )
    units = find_units(python(broken), good.last_good)
    assert not units.parsed
    assert units.last_good == good.last_good
    assert [tuple(unit) for unit in units.units] == [
        ("", 0, 7),
        ("A", 8, 14),
        ("A.f", 15, 23),
        ("A", 24, 25),
        ("A.g", 26, 28),
        ("main", 29, 33),
        ("", 34, 36),
    ]
    assert find_units(python(broken)).last_good is None


def test_units_that_are_gone_leave_nothing() -> None:
    good = find_units(python("def a():\n    x\n\ndef b():\n    y\n")).last_good
    units = find_units(python("def b():\n    y(\n"), good).units
    assert [unit.symbol for unit in units] == ["b"]
    assert find_units(python("("), LastGood(("x",), find_units(python("x")).units)).units == (("", 0, 0),)


def test_symbols_by_grammar_are_qualified() -> None:
    source = AuditSource(
        "file:///a.ts",
        "class A {\n  f() {\n    const g = () => {\n    }\n  }\n}\nnamespace N {\n  function h() {}\n}\n",
        "typescript",
    )
    symbols = find_symbols(source)
    assert [enclosing(symbols, line) for line in range(9)] == [
        "A",
        "A.f",
        "A.f.g",
        "A.f.g",
        "A.f",
        "A",
        "N",
        "N.h",
        "N",
    ]


@pytest.mark.parametrize(
    ("claimed", "actual", "same"),
    [
        ("f", "A.f", True),
        ("A.f", "A.f", True),
        ("A::f", "A.f", True),
        ("A#f", "A.f", True),
        ("A/f", "A.f", True),
        ("A.prototype.f", "A.f", True),
        ("f()", "A.f", True),
        ("A.f(x: int) -> y", "A.f", True),
        ("def f", "A.f", True),
        ("async def f(self):", "A.f", True),
        ("public static f", "A.f", True),
        ("class A", "A", True),
        ("class A:", "A", True),
        ("func (t *T) Run", "T.Run", True),
        ("func (t *T[K]) Run(x int)", "T.Run", True),
        ("(*T).Run", "T.Run", True),
        ("T.Run", "T.Run", True),
        ("Vec<T>::push", "Vec.push", True),
        ("impl Vec<Box<T>>", "Vec", True),
        ("f.<locals>.g", "f.g", True),
        ("`A.f`", "A.f", True),
        ("fn f<'a>(x)", "f", True),
        ("B.f", "A.f", False),
        ("A", "A.f", False),
        ("", "A.f", False),
        ("f", None, False),
        ("ff", "A.f", False),
        ("default", "A.default", True),
    ],
)
def test_models_name_symbols_in_many_ways(claimed: str, actual: str | None, same: bool) -> None:
    assert same_symbol(claimed, actual) is same


@pytest.mark.parametrize(
    "line", ["class A\n", "class A {\n", "int f(int x) {\n", "a a a a a a a a a a ", "def f():\n", "{", "pub "]
)
@pytest.mark.parametrize("language", ["cpp", "python", "go", "typescript", "ruby"])
def test_any_text_is_cut_in_linear_time(language: str, line: str) -> None:
    text = line * (20_000 // len(line))
    assert cut(language, text)[-1][2] == text.count("\n")


def test_only_so_many_documents_are_remembered() -> None:
    remembered = LastGoods(most=2)
    for name in ("a", "b", "a", "c"):
        remembered.put(name, LastGood((name,), ()))
    assert [remembered.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
