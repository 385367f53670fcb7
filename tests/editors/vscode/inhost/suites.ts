// All suites, in the order in which they run.
import "./activation.ts";
import "./chat.ts";
import "./code.ts";
import "./context.ts";
import "./audit.ts";
import "./asked.ts";
import "./native.ts";
import "./restart.ts";
import "./servers.ts";
