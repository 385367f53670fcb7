"""A simulated model for tests in a real editor: `python -m tests.editors.vscode.model`, until its input ends.

What it says follows from what it is asked. Prints one line of JSON: the variables that lead to it, and an address that
tells the bodies of the requests it got (GET), and lets every device in that waits for its code (POST).
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.conversations import call, edit, intent
from tests.e2e.simulated import Simulated
from tests.simulators import audits
from tests.simulators.openai import OpenAI
from tests.simulators.personas import drip
from tests.simulators.replies import Prompt, Script, numbered, plain_answer

KEY = "sk-simulated-key-0001"
MODEL = "openai/gpt-5.5"
DEFAULTS = {"MAESTRO_DEFAULTS__PROVIDER": "openai"} | {f"MAESTRO_DEFAULTS__{use}": MODEL for use in ("CHAT", "AUDIT")}
PAUSE = 0.01
"""Seconds between two pieces of an answer."""
SHOWCASE = """\
Here is a **table**, a list and some code.

| city | river |
| --- | --- |
| Paris | Seine |
| Rome | Tiber |

1. First, read it.
2. Then, run it:

```python
def greet(name: str) -> str:
    return f"Hello, {name}!"
```

<img src=x onerror="document.title='broken'"> is only text, and [this](javascript:alert(1)) is no link.
"""


def reply(prompt: Prompt) -> Script:
    """The answer to a prompt by its words."""
    if (request := audits.request_in(prompt.text)) is not None:
        return audits.reply_to(request).script()
    if prompt.tool_results:
        return Script(text="The notes are changed.")
    for word, script in _BY_WORD.items():
        if word in prompt.text:
            return script
    return plain_answer(prompt)


_BY_WORD = {
    "Count": numbered(20_000),
    "Change the notes": Script(text="I change them.", tool_calls=(edit(),)),
    "Delete the notes": Script(
        tool_calls=(call("apply_edit", intent(scope="*", risk="high"), path="notes.md", oldText="milk", newText=""),)
    ),
    "Only code": Script(text="```ts\nlet a = 1;\n```"),
    "Begin a list": Script(
        tool_calls=(call("apply_edit", intent(scope="list.md"), path="list.md", oldText="", newText="- bread\n"),)
    ),
    "Show everything": Script(text=SHOWCASE),
}


def main() -> None:
    service = OpenAI()
    service.scripts.always = reply
    service.auth.device.interval = "1"
    service.play([drip(PAUSE)])
    with Simulated(service) as simulated:
        told = ThreadingHTTPServer(("127.0.0.1", 0), _teller(simulated, service))
        threading.Thread(target=told.serve_forever, daemon=True).start()
        logins = service.oauth_environment(simulated.url)
        environment = {**simulated.base_urls(), **logins, "OPENAI_API_KEY": KEY, **DEFAULTS}
        print(json.dumps({"environment": environment, "requests": f"http://127.0.0.1:{told.server_port}"}), flush=True)
        sys.stdin.read()


def _teller(simulated: Simulated, service: OpenAI) -> type[BaseHTTPRequestHandler]:
    class Teller(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bodies = [request.body.decode() for request in simulated.server.requests if request.method == "POST"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(bodies).encode())

        def do_POST(self) -> None:
            service.approve_device("")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Teller


if __name__ == "__main__":
    main()
