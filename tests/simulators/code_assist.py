"""Google's Code Assist, which Gemini CLI uses: the tiers of an account, its project, and wrapped generateContent."""

from dataclasses import dataclass, field
from uuid import uuid4

from tests.simulators.gemini_checks import error, fail
from tests.simulators.service import Refused
from tests.simulators.wire import Answer, Json, Request, json_answer

BASE = "/v1internal"
_FIELDS = frozenset({"model", "project", "user_prompt_id", "request", "enabled_credit_types"})
_TIERS = {
    "free-tier": {"name": "Gemini Code Assist for individuals", "userDefinedCloudaicompanionProject": False},
    "standard-tier": {"name": "Gemini Code Assist", "userDefinedCloudaicompanionProject": True},
}


def serves(path: str) -> bool:
    return path.startswith((f"{BASE}:", f"{BASE}/"))


@dataclass(eq=False, slots=True)
class CodeAssist:
    """One account there. Tests set the fields."""

    tier: str = ""
    """The tier it has; empty: it has to be onboarded first."""
    offers: str = "free-tier"
    """The tier that is offered."""
    project: str = field(default_factory=lambda: f"simulated-{uuid4().hex[:8]}")
    """The project that a free tier comes with; the others bring their own."""
    polls: int = 1
    """How often the onboarding is asked for before it is done."""
    operations: dict[str, int] = field(default_factory=dict)
    """How often each is still unfinished."""

    def answer(self, request: Request, body: Json) -> Answer | None:
        """Everything but the generations; None for these."""
        match request.method, request.path.removeprefix(BASE).strip("/").split("/"):
            case "POST", [":loadCodeAssist"]:
                return json_answer(200, self._load(body))
            case "POST", [":onboardUser"]:
                return json_answer(200, self._onboard(body))
            case "GET", ["operations", name] if name in self.operations:
                return json_answer(200, self._operation(name))
            case "POST", [":generateContent" | ":streamGenerateContent"]:
                return None
        raise Refused(error(404, "Requested entity was not found."))

    def _load(self, body: Json) -> Json:
        _check_metadata(body)
        loaded: Json = {"allowedTiers": [{**_tier(self.offers), "isDefault": True}]}
        if self.tier:
            loaded |= {"currentTier": _tier(self.tier), "cloudaicompanionProject": self.project}
        return loaded

    def _onboard(self, body: Json) -> Json:
        _check_metadata(body)
        tier, project = body.get("tierId"), body.get("cloudaicompanionProject")
        if tier != self.offers:
            fail(f"The tier {tier} is not offered to this account.", "tier_id")
        if tier == "free-tier" and project:
            raise Refused(error(400, "Precondition check failed.", status="FAILED_PRECONDITION"))
        if tier != "free-tier" and not project:
            fail("This tier needs a project of your own.", "cloudaicompanion_project")
        self.project = project or self.project
        name = uuid4().hex
        self.operations[name] = self.polls
        return self._operation(name)

    def _operation(self, name: str) -> Json:
        """Counts down; at the end the account has the tier."""
        left = self.operations[name]
        self.operations[name] = max(0, left - 1)
        if left:
            return {"name": f"operations/{name}"}
        self.tier = self.offers
        project = {"id": self.project, "name": self.project}
        return {"name": f"operations/{name}", "done": True, "response": {"cloudaicompanionProject": project}}

    def check_generation(self, body: Json) -> Json:
        """The request inside, as generateContent takes it."""
        for name in body:
            if name not in _FIELDS:
                fail(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.', name)
        for name in ("model", "user_prompt_id", "request"):
            if not body.get(name):
                fail(f"{name}: missing field.", name)
        if not self.tier or body.get("project") != self.project:
            raise Refused(error(403, "The caller does not have permission"))
        return {name: value for name, value in body["request"].items() if name != "session_id"}


def wrapped(chunk: Json, trace: str) -> Json:
    return {"response": chunk, "traceId": trace}


def _tier(name: str) -> Json:
    return {"id": name, **_TIERS[name], "description": f"{name}, simulated."}


def _check_metadata(body: Json) -> None:
    if (body.get("metadata") or {}).get("pluginType") != "GEMINI":
        fail("metadata.plugin_type: must be GEMINI", "metadata")
