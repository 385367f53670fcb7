"""False claims about Python are refuted; true ones, and all that is not certain, never are."""

import pytest

from maestro.audit.asking.wire import WireFinding
from maestro.audit.judging.checkable import facts, refuted
from maestro.audit.source import AuditSource
from tests.unit.audit.model import claim, python

TEXT = """\
import os
import json
import numpy as np
from typing import Any
import sys

__all__ = ["Any"]


def load(path, mode, limit=None):
    text = open(path).read()
    unused = 1
    if mode:
        maybe = 2
    value = json.loads(text)
    value = np.array(value)
    return value[maybe]


async def fetch(client):
    first = await client.get("a")
    second = client.get("b")
    try:
        return first, second
    except ValueError:
        raise


def sign(n):
    if n > 0:
        return 1
    else:
        raise ValueError(n)


def find(items):
    for item in items:
        if item:
            return item


def early(n):
    if not n:
        return
    return 1


def loop(n):
    return loop(n - 1)


def shared(items=[], *, names=()):
    return [name for name in names if name in items]
"""
LINES = TEXT.split("\n")


def judged(title: str, quote: str, rule: str = "unused-code", text: str = TEXT) -> bool:
    source = python(text)
    known = facts(source)
    assert known is not None
    [start] = [n for n, line in enumerate(source.lines) if line.strip() == quote]
    said = WireFinding.model_validate(claim(quote, title=title, rule=rule))
    return refuted(known, said, source.span(source.offset(start), source.offset(start, len(source.lines[start]))))


@pytest.mark.parametrize(
    ("title", "quote"),
    [
        ("Unused import json", "import json"),
        ("Unused import: `json`", "import json"),
        ("`json` is imported but never used", "import json"),
        ("Import json is never used.", "import json"),
        ("Unused import numpy", "import numpy as np"),
        ("Unused import typing.Any", "from typing import Any"),
        ("Unused variable 'text' in function load", "text = open(path).read()"),
        ("text is assigned but never used", "text = open(path).read()"),
        ("Unused parameter mode", "def load(path, mode, limit=None):"),
        ("Undefined name json", "value = json.loads(text)"),
        ("json is not imported", "value = json.loads(text)"),
        ("`text` is not defined", "value = json.loads(text)"),
        ("Missing import for json", "value = json.loads(text)"),
        ("Undefined variable 'open'", "text = open(path).read()"),
        ("Missing await on client.get", 'first = await client.get("a")'),
        ("client.get() is never awaited", 'first = await client.get("a")'),
        ("Missing return in function sign", "def sign(n):"),
        ("sign does not return a value", "def sign(n):"),
        ("Bare except hides errors", "except ValueError:"),
    ],
)
def test_what_the_text_disproves(title: str, quote: str) -> None:
    assert judged(title, quote)


@pytest.mark.parametrize(
    ("title", "quote"),
    [
        ("Unused import os", "import os"),
        ("Unused import", "import json"),
        ("Unused variable unused", "unused = 1"),
        ("Unused parameter limit", "def load(path, mode, limit=None):"),
        ("The first value is never used", "value = json.loads(text)"),
        ("Variable value is never used", "value = json.loads(text)"),
        ("json is not used in the fallback", "import json"),
        ("Unused function loop", "def loop(n):"),
        ("Undefined name maybe", "return value[maybe]"),
        ("Undefined name elsewhere", "return value[maybe]"),
        ("json is not closed", "value = json.loads(text)"),
        ("text is not a string", "value = json.loads(text)"),
        ("text is not defined when open fails", "value = json.loads(text)"),
        ("Undefined name sys.stdout", "import sys"),
        ("client.get() is never awaited", 'second = client.get("b")'),
        ("Missing await on client.post", 'first = await client.get("a")'),
        ("Missing return in find", "def find(items):"),
        ("Missing return in early", "def early(n):"),
        ("Missing return in unknown", "def early(n):"),
        ("Wrong for empty input", "def find(items):"),
    ],
)
def test_what_is_true_or_uncertain_stays(title: str, quote: str) -> None:
    assert not judged(title, quote)


def test_defaults() -> None:
    assert judged("Mutable default", "def load(path, mode, limit=None):", "mutable-default")
    assert not judged("Mutable default", "def shared(items=[], *, names=()):", "mutable-default")
    assert not judged("Mutable default", "import os", "mutable-default")


def test_a_text_that_compiles_has_no_syntax_error() -> None:
    assert judged("Unexpected indentation", "import os", "syntax-error")
    assert judged("Syntax error: missing colon", "import os", "wrong-logic")
    assert not judged("'return' outside function", "return 1", "syntax-error", "x = 1\nreturn 1\n")


@pytest.mark.parametrize(
    ("text", "quote", "title"),
    [
        ("x = 1\ndel x\nprint(x)\n", "print(x)", "Undefined name x"),
        ("print(x)\nx = 1\n", "print(x)", "Undefined name x"),
        ("def f():\n    print(x)\n    x = 1\nx = 2\n", "print(x)", "Undefined name x"),
        ("class A:\n    x = 1\n    def f(self):\n        return x\n", "return x", "Undefined name x"),
        ("try:\n    import x\nexcept ImportError:\n    pass\nx.y\n", "x.y", "x is not imported"),
        ("def f():\n    global x\n    x = 1\nx.y\n", "x.y", "x is not defined"),
        ("try:\n    f()\nexcept E as x:\n    pass\nprint(x)\n", "print(x)", "x is not defined"),
    ],
)
def test_a_binding_that_may_not_have_happened_proves_nothing(text: str, quote: str, title: str) -> None:
    assert not judged(title, quote, text=text)


@pytest.mark.parametrize(
    ("text", "quote", "title"),
    [
        ("x = 2\ndef f():\n    print(x)\n", "print(x)", "Undefined name x"),
        ("def f(*x):\n    print(x)\n", "print(x)", "x is not defined"),
        ("class A:\n    x = 1\n    y = x\n", "y = x", "x is undefined"),
    ],
)
def test_a_binding_that_must_have_happened_does(text: str, quote: str, title: str) -> None:
    assert judged(title, quote, text=text)


def test_only_python_that_parses_is_known() -> None:
    assert facts(python("def f(:\n")) is None
    assert facts(AuditSource("file:///a.js", "x = 1", "javascript")) is None
