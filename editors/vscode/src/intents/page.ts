// The ledger of intents as Markdown: what tools were called for, at what risk, and what they were seen to do.
import type { IntentRecord, IntentVerifyResult } from "../protocol.ts";
import { clipped, fill, plain } from "../text.ts";
import type { Words } from "./words.ts";

/** The page; the latest record is the first. `more` says whether there are older ones. */
export function page(records: readonly IntentRecord[], verified: IntentVerifyResult, more: boolean, words: Words): string {
  const whole = fill(verified.ok ? words.whole : words.broken, [verified.checked, verified.firstBroken ?? ""]);
  const sections = records.map((record) => [`## ${heading(record)}`, "", ...facts(record, words).map((fact) => `- ${fact}`)].join("\n"));
  const rest = more ? [words.more] : [];
  return [`# ${words.title}`, whole, ...(sections.length > 0 ? sections : [words.none]), ...rest, ""].join("\n\n");
}

function heading({ at, tool, subject }: IntentRecord): string {
  const told = subject?.argv?.join(" ") ?? subject?.path ?? subject?.url;
  return [new Date(at).toLocaleString(), oneLine(tool), told && oneLine(told)].filter(Boolean).join(" · ");
}

function facts(record: IntentRecord, words: Words): string[] {
  const { purpose, scope, riskLevel, rationale, assessments, decision, mismatch = [] } = record;
  const reasons = assessments.map(({ reason }) => oneLine(reason)).join(" ");
  const told = [
    fill(words.purpose, [purpose ? words[purpose] : words.undeclared]),
    fill(words.scope, [scope === undefined ? words.undeclared : oneLine(scope)]),
    [fill(words.risk, [words[riskLevel]]), reasons].filter(Boolean).join(" — "),
    rationale && fill(words.rationale, [oneLine(rationale)]),
    fill(words.decision, [decision ? `${words[decision.outcome]} (${words.by[decision.by]})` : words.undecided]),
    fill(words.observed, [observed(record, words)]),
    ...mismatch.map((each) => `**${fill(words.mismatch, [oneLine(each)])}**`),
  ];
  return told.filter((each) => each !== undefined && each !== "") as string[];
}

function observed({ observed: seen }: IntentRecord, words: Words): string {
  const { paths = [], commands = [], hosts = [], bytesWritten, exitCode } = seen ?? {};
  const told = [
    [...paths, ...commands, ...hosts].map(oneLine).join(", "),
    bytesWritten === undefined ? "" : fill(words.bytes, [bytesWritten]),
    exitCode === undefined ? "" : fill(words.exitCode, [exitCode]),
    seen?.partial ? words.partial : "",
  ];
  return told.filter(Boolean).join("; ") || words.nothing;
}

function oneLine(text: string): string {
  return clipped(plain(text).replace(/\s+/g, " "), 400);
}
