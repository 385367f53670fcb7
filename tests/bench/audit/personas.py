"""What models answer instead of an answer: replies that fail, that wrap, and that invent."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from maestro.audit.asking.exchange import RawReply, StructuredRequest
from maestro_protocol.base import JsonObject
from tests.unit.audit.model import answer, claim, data_of, raw


class Asked(NamedTuple):
    """A request, the honest answer to it, and the answer that finds nothing."""

    request: StructuredRequest
    honest: str
    clean: str

    @property
    def body(self) -> JsonObject:
        """The honest answer as an object."""
        body: JsonObject = json.loads(self.honest)
        return body

    def but(self, **members: object) -> str:
        """The honest answer with other members."""
        return json.dumps({**self.body, **members})


Persona = Callable[[Asked], RawReply]
ELSEWHERE = claim("eval(elsewhere)")


def asked(request: StructuredRequest, claims: list[JsonObject]) -> Asked:
    return Asked(request, answer(request, *claims), answer(request))


def _says(text: Callable[[Asked], str]) -> Persona:
    return lambda ask: raw(text(ask))


def _ids(ask: Asked) -> list[object]:
    reviewed = ask.body["reviewed"]
    return list(reviewed) if isinstance(reviewed, list) else []


FAILURES: Mapping[str, Persona] = {
    "nothing": _says(lambda _: ""),
    "blank": _says(lambda _: " \n\t"),
    "prose": _says(lambda _: "I have reviewed the code and found no problems."),
    "web page": _says(lambda _: "<html><body>502 Bad Gateway</body></html>"),
    "error": _says(lambda _: '{"error": {"code": 500, "message": "internal"}}'),
    "null": _says(lambda _: "null"),
    "bare clean": _says(lambda _: '{"findings": []}'),
    "wrong nonce": _says(lambda ask: ask.but(audit_id="0" * 32, findings=[])),
    "missing nonce": _says(lambda ask: json.dumps({k: v for k, v in ask.body.items() if k != "audit_id"})),
    "nonce in prose": _says(lambda ask: f'{ask.body["audit_id"]} {{"findings": []}}'),
    "nothing reviewed": _says(lambda ask: ask.but(reviewed=[], findings=[])),
    "other chunks reviewed": _says(lambda ask: ask.but(reviewed=["c99"], findings=[])),
    "one chunk not reviewed": _says(lambda ask: ask.but(reviewed=_ids(ask)[1:], findings=[])),
    "reviewed is text": _says(lambda ask: ask.but(reviewed="all", findings=[])),
    "findings is null": _says(lambda ask: ask.but(findings=None)),
    "findings is an object": _says(lambda ask: ask.but(findings={})),
    "request repeated": _says(lambda ask: json.dumps(data_of(ask.request))),
    "schema repeated": _says(lambda ask: json.dumps(ask.request.schema)),
    "answer in an object": _says(lambda ask: json.dumps({"result": json.loads(ask.clean)})),
    "answer in a string": _says(lambda ask: json.dumps(ask.clean)),
    "only thoughts": _says(lambda ask: f"<think>{ask.clean}</think>"),
    "thoughts without end": _says(lambda ask: f"<think>{ask.honest}"),
    "thoughts then bare": _says(lambda ask: f'<think>{ask.clean}</think>{{"findings": []}}'),
    "clean, then doubts": _says(lambda ask: f"{ask.clean}\nWait, the second line is dangerous."),
    "clean, then claims": _says(lambda ask: ask.clean + json.dumps({"findings": [ELSEWHERE]})),
    "claims, then clean": _says(lambda ask: json.dumps([ELSEWHERE]) + ask.clean),
    "claims in another notation": _says(lambda ask: f"{[ELSEWHERE]}\n{ask.clean}"),
    "claims under another name": _says(lambda ask: json.dumps({**json.loads(ask.clean), "issues": [ELSEWHERE]})),
    "a key twice": _says(lambda ask: ask.honest.removesuffix("}") + ', "findings": []}'),
    "only misfits": _says(lambda ask: ask.but(findings=["x", {}, {"quote": 1}])),
    "only unknown rules": _says(lambda ask: ask.but(findings=[claim("x = 1", rule="style")])),
    "deep": _says(lambda ask: '{"a":' * 20_000 + str(ask.body["audit_id"])),
    "deep inside": _says(lambda ask: ask.honest.replace('"related": []', '"related": ' + "[" * 3_000, 1)),
    "huge": _says(lambda ask: " " * 400_000 + ask.clean),
    "withheld": lambda _: raw("", filtered=True),
    "withheld clean": lambda ask: raw(ask.clean, filtered=True),
    "cap at once": lambda _: raw("", truncated=True),
    "cap, clean": lambda ask: raw(ask.clean, truncated=True),
    "cap in the proof": lambda ask: raw(ask.clean[:40], truncated=True),
}
"""None of these may be shown as clean."""

WRAPPED: Mapping[str, Persona] = {
    "as it is": _says(lambda ask: ask.honest),
    "indented": _says(lambda ask: json.dumps(ask.body, indent=2)),
    "fence": _says(lambda ask: f"```json\n{ask.honest}\n```"),
    "prose around": _says(lambda ask: f"Here {{is}} it:\n{ask.honest}\nTell me {{more}}!"),
    "thoughts": _says(lambda ask: f'<think>{{"findings": []}} or {ask.clean}</think>\n{ask.honest}'),
    "two objects": _says(lambda ask: f'{{"audit_id": "draft", "findings": []}}\n{ask.honest}'),
    "twice": _says(lambda ask: f"{ask.honest}\n{ask.honest}"),
    "clean first": _says(lambda ask: f"{ask.clean}\nOn second thought:\n{ask.honest}"),
    "clean last": _says(lambda ask: f"{ask.honest}\n{ask.clean}"),
    "byte order mark": _says(lambda ask: f"\ufeff{ask.honest}"),
    "other order": _says(lambda ask: json.dumps(dict(reversed(ask.body.items())))),
    "escaped": _says(lambda ask: ask.honest.replace("(", "\\u0028").replace("=", "\\u003d")),
}
"""All of these hold the honest findings, which must be kept."""
