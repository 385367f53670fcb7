// What the editor and the server say to each other, as it may stand in a log: without any secret.

/** The fields of the vocabulary that carry secrets, or hold nothing but them. */
const SECRET = new Set(["apiKey", "clientSecret", "inputs", "env", "headers"]);
const HIDDEN = "***";
/** Where in a trace the content of a message begins. */
const CONTENT = /^(?:(?:Params|Result|Error data): )?(?=[[{])/m;

/** The trace of a message; what cannot be understood is left out, since nobody knows what is in it. */
export function redacted(trace: string): string {
  const begin = CONTENT.exec(trace);
  if (!begin) return trace;
  const head = trace.slice(0, begin.index) + begin[0];
  const content = trace.slice(head.length);
  try {
    return head + JSON.stringify(JSON.parse(content), discreetly, content.includes("\n") ? 4 : undefined);
  } catch {
    return head + HIDDEN;
  }
}

function discreetly(key: string, value: unknown): unknown {
  return SECRET.has(key) ? hidden(value) : value;
}

function hidden(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value === null ? null : HIDDEN;
  return Object.fromEntries(Object.keys(value).map((key) => [key, HIDDEN]));
}
