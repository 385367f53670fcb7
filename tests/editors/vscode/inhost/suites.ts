// All suites, in the order in which they run.
import "./activation.ts";
import "./chat.ts";
import "./context.ts";
import "./audit.ts";
import "./native.ts";
import "./restart.ts";
