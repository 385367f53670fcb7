"""What a model's text is taken for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.audit.asking.exchange import RawReply
from maestro.audit.asking.reply import MAX_CHARS, Reading, read_reply, unfinished
from maestro.audit.asking.wire import WireFinding
from tests.unit.audit.model import claim

NONCE = "0123456789abcdef0123456789abcdef"
TRICKY = claim('if x == "}":  # {"findings": []}', why='ends with "]}" and \\ and 😀', fix="}\n]", line="3-4")


def reply(*claims: JsonValue, **members: JsonValue) -> str:
    return json.dumps({"audit_id": NONCE, "reviewed": ["c1"], "findings": list(claims), **members}, ensure_ascii=False)


def read(text: str, *, truncated: bool = False, filtered: bool = False) -> Reading:
    return read_reply(RawReply(text, "STOP", truncated, filtered), NONCE, ("c1",))


def test_a_whole_answer_is_complete() -> None:
    reading = read(reply(claim("x = 1")))
    assert (reading.status, reading.error, len(reading.findings)) == ("complete", None, 1)


def test_no_findings_is_clean_only_with_the_proof() -> None:
    assert read(reply()).status == "complete"


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{reply(TRICKY)}\n```",
        f"Here is what I found {{not JSON}}:\n{reply(TRICKY)}\nHope this helps {{}}!",
        f'<think>{{"findings":[]}} or {reply()}</think>{reply(TRICKY)}',
        f"{reply(TRICKY)}\nOnce more: {reply(TRICKY)}",
        f"\ufeff  {reply(TRICKY)}",
        f"{{{{{{[[{reply(TRICKY)}",
    ],
    ids=["fence", "prose", "thoughts", "second answer", "bom", "braces"],
)
def test_the_answer_is_found_in_what_surrounds_it(text: str) -> None:
    reading = read(text)
    assert reading.status == "complete"
    assert reading.findings == [WireFinding.model_validate(TRICKY)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "No problems found.",
        "[]",
        "null",
        '{"findings": []}',
        reply(audit_id="f" * 32),
        reply(audit_id="f" * 32, note=NONCE),
        reply(audit_id="f" * 32) + NONCE,
        reply(audit_id=None),
        reply(reviewed=[]),
        reply(reviewed=["c2"]),
        reply(reviewed="c1"),
        reply(reviewed=[1, "c1"]),
        reply(findings={}),
        reply(findings=None),
        json.dumps({"audit_id": NONCE, "reviewed": ["c1"]}),
        json.dumps({"result": json.loads(reply())}),
        json.dumps([json.loads(reply(audit_id="x"))]),
        json.dumps({"audit_id": NONCE, "file": "a.py", "language": "python", "chunks": [{"id": "c1"}]}),
        "<think>" + reply() + '</think>{"findings":[]}',
        "<think>" + reply(),
        reply() + json.dumps({"findings": [claim("x")]}),
        "<html><body>502 Bad Gateway</body></html>",
        '{"error": {"code": 500}}',
        '{"a":' * 50_000,
        '{"a":' * 10_000 + NONCE,
        "{" * 50_000 + NONCE,
        '{"' * 50_000 + NONCE,
        '{"a":{' * 50_000 + NONCE,
        reply() + " " * 200_000 + "x",
        " " * MAX_CHARS + reply(),
    ],
)
def test_what_proves_nothing_is_a_failure(text: str) -> None:
    reading = read(text)
    assert (reading.status, reading.findings) == ("failed", [])
    assert reading.error is not None
    assert reading.error.code == 4210


OTHER = claim("other")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (reply(TRICKY) + reply(), [TRICKY]),
        (f"{reply()}\nOn second thought:\n{reply(TRICKY)}", [TRICKY]),
        (reply(TRICKY) + "\n\n" + reply(OTHER, TRICKY), [TRICKY, OTHER]),
        (reply(OTHER) + reply(TRICKY) + reply(), [OTHER, TRICKY]),
    ],
    ids=["clean last", "clean first", "more", "three"],
)
def test_answers_that_differ_are_partial_and_nothing_is_lost(text: str, kept: list[JsonValue]) -> None:
    reading = read(text)
    assert reading.status == "partial"
    assert reading.error is not None
    assert reading.findings == [WireFinding.model_validate(item) for item in kept]


@pytest.mark.parametrize(
    "text",
    [
        reply() + "\nWait, actually eval is dangerous on line 5.",
        reply() + '\n["x"]',
        reply() + ".",
        f"```json\n{reply()}\n```\nBut see line 5.",
        reply() + json.dumps({"findings": [TRICKY]}),
        json.dumps({"audit_id": NONCE, "findings": [TRICKY]}) + reply(),
        json.dumps({"result": {"findings": [TRICKY]}}) + reply(),
        json.dumps([TRICKY]) + reply(),
        f"{{'findings': [{{'quote': 'eval(x)', 'line': 3}}]}}\n{reply()}",
        reply(notes=json.dumps(TRICKY)),
        reply(issues=[TRICKY]),
    ],
)
def test_what_stands_beside_a_clean_answer_takes_it_back(text: str) -> None:
    reading = read(text)
    assert (reading.status, reading.findings) == ("failed", [])
    assert reading.error is not None
    assert reading.error.code == 4210


@pytest.mark.parametrize(
    "text",
    [
        f"{reply()}\n \n",
        f"```json\n{reply()}\n```\n",
        f'<think>{{"findings":[]}}</think>{reply()}',
        f"<Thinking>{reply(TRICKY)}</thinking>{reply()}",
        f"<reasoning>\n</think>{reply(TRICKY)}</reasoning>{reply()}",
        f"Let me see.\n</think>\n{reply()}",
        reply() + reply(),
    ],
)
def test_a_clean_answer_may_be_wrapped(text: str) -> None:
    assert read(text).status == "complete"


def test_a_draft_that_cannot_be_read_is_not_forgotten_over_a_clean_answer() -> None:
    draft = reply().removesuffix("]}") + '{"quote": "eval(x)", oops}]}'
    assert read(draft + reply()).status == "partial"


def test_a_doubled_key_cannot_hide_findings() -> None:
    text = reply(TRICKY).removesuffix("}") + ', "findings": []}'
    reading = read(text)
    assert reading.status == "partial"
    assert len(reading.findings) == 1


def test_a_withheld_answer_is_4207() -> None:
    reading = read(reply(), filtered=True)
    assert reading.status == "failed"
    assert reading.error is not None
    assert reading.error.code == 4207


def test_a_cap_reached_is_never_clean() -> None:
    for text in (reply(), reply(claim("x")), "", "{"):
        assert read(text, truncated=True).status in ("partial", "failed")


def test_misfit_items_are_counted_and_never_clean() -> None:
    misfits: list[JsonValue] = ["x", None, {}, claim("x", severity="awful"), claim("", line=1), claim("x", rule=1)]
    reading = read(reply(*misfits, claim("ok", severity=" HIGH ", confidence="Low")))
    assert reading.status == "partial"
    assert reading.rejected == {"schema": 6}
    assert [(f.quote, f.severity, f.confidence) for f in reading.findings] == [("ok", "high", "low")]


CLAIMS: list[JsonValue] = [TRICKY, claim("a[0]", related=["b]", "{"]), claim("second", line="L12")]


@pytest.mark.parametrize("before", ["", "```json\n", reply() + "\nNo, wait: "], ids=["bare", "fence", "draft"])
@pytest.mark.parametrize("flagged", [True, False])
def test_cut_anywhere_it_is_never_clean_and_nothing_is_invented(before: str, flagged: bool) -> None:
    whole = [WireFinding.model_validate(item) for item in CLAIMS]
    for text in (reply(*CLAIMS), json.dumps(json.loads(reply(*CLAIMS)), indent=2)):
        counts = []
        for cut in range(len(text)):
            if before.startswith("{") and cut == 0 and not flagged:
                continue  # nothing of a second answer is there yet
            reading = read(before + text[:cut], truncated=flagged)
            assert reading.status in ("partial", "failed"), cut
            assert reading.findings == whole[: len(reading.findings)], cut
            counts.append(len(reading.findings))
        assert counts == sorted(counts) or before.startswith("{")
        assert counts[-1] == len(whole)


@given(st.text(alphabet='{}[]",:\\ \n' + NONCE[:2] + "audit_id", max_size=200))
def test_noise_is_never_clean(noise: str) -> None:
    assert read(noise).status == "failed"


@given(st.text(max_size=60), st.text(max_size=60))
def test_text_around_an_answer_never_changes_it(before: str, after: str) -> None:
    reading = read(before.replace("{", "(").replace("<", "(") + reply(TRICKY) + after.replace("{", "("))
    assert reading.status == "complete"
    assert reading.findings == [WireFinding.model_validate(TRICKY)]


@pytest.mark.parametrize(
    ("line", "hint"), [(3, 2), ("3", 2), ("L12", 11), ("4-6", 3), ("", None), ("four", None), ("²", None), (0, -1)]
)
def test_line_hints(line: int | str, hint: int | None) -> None:
    assert WireFinding.model_validate(claim("x", line=line)).hint == hint


def read_all(text: str, chunk_ids: tuple[str, ...], *, truncated: bool = False) -> Reading:
    return read_reply(RawReply(text, "STOP", truncated, False), NONCE, chunk_ids)


def test_a_reading_says_which_chunks_it_speaks_for() -> None:
    assert read(reply()).reviewed == ("c1",)
    whole = read_all(reply(TRICKY, reviewed=["c2", "c9", "c1"]), ("c1", "c2"))
    assert (whole.status, whole.reviewed) == ("complete", ("c1", "c2"))
    some = read_all(reply(TRICKY, reviewed=["c2"]), ("c1", "c2"))
    assert (some.status, some.reviewed, len(some.findings)) == ("failed", ("c2",), 1)
    assert unfinished(some, ("c1", "c2"), lambda _: None) == ("c1",)
    none = read_all("No problems.", ("c1", "c2"))
    assert unfinished(none, ("c1", "c2"), lambda _: None) == ("c1", "c2")


def test_an_answer_that_ends_by_reviewing_less_hides_no_findings() -> None:
    reading = read(reply(TRICKY) + reply(reviewed=[]))
    assert (reading.status, reading.reviewed) == ("failed", ())
    assert reading.findings == [WireFinding.model_validate(TRICKY)]


IDS = ("c1", "c2", "c3")


@pytest.mark.parametrize(
    ("places", "rest"),
    [
        (["c1", "c2"], ("c2", "c3")),
        (["c1", "c1"], IDS),
        (["c3"], ("c3",)),
        (["c2", "c1"], IDS),
        (["c1", None], IDS),
        (["c1", "c7"], IDS),
        ([], IDS),
    ],
)
def test_after_a_cut_only_the_rest_is_asked_for(places: list[str | None], rest: tuple[str, ...]) -> None:
    claims = [claim(str(number)) for number in range(len(places))]
    text = reply(*claims, reviewed=list(IDS)).removesuffix("]}") + (', {"quote": "e' if claims else "")
    reading = read_all(text, IDS, truncated=True)
    assert (reading.status, reading.cut, reading.reviewed) == ("partial", True, ())
    assert unfinished(reading, IDS, lambda finding: places[int(finding.quote)]) == rest


def test_cut_at_every_byte_all_whole_findings_are_kept() -> None:
    """Whatever order the members have, as long as the proof comes before the findings."""
    proof: list[tuple[str, JsonValue]] = [("audit_id", NONCE), ("reviewed", ["c1"]), ("findings", CLAIMS)]
    for order in (proof, [proof[0], proof[2], proof[1]]):
        text = json.dumps(dict(order), ensure_ascii=False)
        data = text.encode()
        ends = [
            text.index(json.dumps(item, ensure_ascii=False)) + len(json.dumps(item, ensure_ascii=False))
            for item in CLAIMS
        ]
        for cut in range(len(data)):
            seen = data[:cut].decode("utf-8", "replace")
            reading = read(seen, truncated=True)
            whole = sum(end <= len(data[:cut].decode("utf-8", "ignore")) for end in ends)
            assert reading.findings == [WireFinding.model_validate(item) for item in CLAIMS[:whole]], cut
            assert reading.status == "partial" if whole else reading.status in ("partial", "failed"), cut


@pytest.mark.parametrize(
    ("members", "severity", "confidence"),
    [
        ({"severity": "Info"}, "low", "high"),
        ({"severity": "WARNING ", "confidence": 0.55}, "medium", "medium"),
        ({"severity": "blocker", "confidence": 1}, "critical", "high"),
        ({"symbol": None, "fix": None, "related": None, "line": None}, "high", "high"),
        ({"related": "other", "line": 1.5}, "high", "high"),
    ],
)
def test_harmless_slips_are_forgiven(members: dict[str, JsonValue], severity: str, confidence: str) -> None:
    [finding] = read(reply(claim("x = 1", **members))).findings
    assert (finding.severity, finding.confidence) == (severity, confidence)


def test_what_comes_back_can_be_sent_on() -> None:
    [finding] = read(
        reply(claim("x\ud800", title="a\ud800b\u202e", why="w" * 9999, related=["y"] * 99, fix="\udfff"))
    ).findings
    assert finding.model_dump_json().isprintable()
    assert (len(finding.why), len(finding.related)) == (400, 10)
    assert "\u202e" not in finding.title
