// The tree of findings as plain values, grouped as somebody wants to see them.
import type { Finding, Severity } from "../protocol.ts";

export type Grouping = "file" | "rule" | "intent";
export const GROUPINGS: readonly Grouping[] = ["file", "rule", "intent"];

export interface Group {
  readonly kind: "group";
  readonly label: string;
  readonly findings: readonly Finding[];
}

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];
const SHOWN: readonly Finding["state"][] = ["open", "touched", "unverified"];

/** The groups of what is shown, the worst finding first in each and among them. */
export function group(findings: readonly Finding[], by: Grouping): Group[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings.filter(({ state }) => SHOWN.includes(state))) {
    for (const label of labels(finding, by)) groups.set(label, [...(groups.get(label) ?? []), finding]);
  }
  const sorted = [...groups].map(([label, members]) => ({ kind: "group" as const, label, findings: members.sort(worse) }));
  return sorted.sort((a, b) => worse(a.findings[0], b.findings[0]) || a.label.localeCompare(b.label));
}

function labels(finding: Finding, by: Grouping): string[] {
  if (by === "rule") return [finding.rule];
  if (by === "file") return [finding.relPath ?? finding.uri];
  return finding.intents.length > 0 ? finding.intents.map((intent) => intent.purpose ?? intent.tool) : ["—"];
}

function worse(a: Finding | undefined, b: Finding | undefined): number {
  if (!a || !b) return 0;
  const bySeverity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  return bySeverity || (a.range?.start.line ?? 0) - (b.range?.start.line ?? 0);
}
