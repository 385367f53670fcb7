// The tree of findings as plain values, grouped as somebody wants to see them.
import type { Finding, Severity } from "../protocol.ts";

export type Grouping = "file" | "rule" | "intent";
export const GROUPINGS: readonly Grouping[] = ["file", "rule", "intent"];

export interface Group {
  readonly kind: "group";
  /** One of a kind, though another may have the same label. */
  readonly key: string;
  readonly label: string;
  readonly findings: readonly Finding[];
}

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];
const SHOWN: readonly Finding["state"][] = ["open", "touched", "unverified"];

/** Those that nobody dismissed, suppressed or put into a baseline. */
export function shown(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ state }) => SHOWN.includes(state));
}

/** The groups of what is shown, the worst finding first in each and among them. `nameOf` is what a finding's file is called. */
export function group(findings: readonly Finding[], by: Grouping, nameOf: (finding: Finding) => string = relative): Group[] {
  const groups = new Map<string, { label: string; members: Finding[] }>();
  for (const finding of shown(findings)) {
    for (const [key, label] of labels(finding, by, nameOf)) {
      const members = groups.get(key)?.members ?? [];
      members.push(finding);
      groups.set(key, { label, members });
    }
  }
  const sorted = [...groups].map(([key, { label, members }]) => ({ kind: "group" as const, key, label, findings: members.sort(worse) }));
  return sorted.sort((a, b) => worse(a.findings[0], b.findings[0]) || a.label.localeCompare(b.label));
}

/** Whether a path is another or in the folder of that name. */
export function isBelow(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other.replace(/\/$/, "")}/`);
}

function relative({ relPath, uri }: Finding): string {
  return relPath ?? uri;
}

function labels(finding: Finding, by: Grouping, nameOf: (finding: Finding) => string): [string, string][] {
  if (by === "file") return [[finding.uri, nameOf(finding)]];
  const names = by === "rule" ? [finding.rule] : finding.intents.map((intent) => intent.purpose ?? intent.tool);
  return [...new Set(names.length > 0 ? names : ["—"])].map((name) => [name, name]);
}

function worse(a: Finding | undefined, b: Finding | undefined): number {
  if (!a || !b) return 0;
  const bySeverity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  return bySeverity || (a.range?.start.line ?? 0) - (b.range?.start.line ?? 0);
}
