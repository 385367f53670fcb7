"""The side of a driver that runs under the SDK's interpreter: one JSON line in, one JSON line out."""

import json
import sys
from collections.abc import Callable
from typing import Any

Scenario = Callable[[str], Any]


def serve(scenarios: dict[str, Scenario], failure: Callable[[Exception], dict[str, Any]]) -> None:
    """Run scenarios by name until stdin ends; what an SDK raises is told by `failure`, never fatal."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            outcome = scenarios[order["scenario"]](order["base_url"])
        except Exception as error:
            outcome = {"raised": type(error).__name__, **failure(error)}
        print(json.dumps(outcome), flush=True)
