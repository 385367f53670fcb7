// How a turn ended, as it is said aloud.
import type { Turn } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const ENDS: Partial<Record<NonNullable<Turn["stopReason"]>, Word>> = {
  maxTokens: "endMaxTokens",
  maxRounds: "endMaxRounds",
  limit: "endLimit",
  refusal: "endRefusal",
  contentFilter: "endContentFilter",
  toolDenied: "endToolDenied",
  cancelled: "endCancelled",
  interrupted: "endInterrupted",
};

/** Why it ended before it was answered; absent where it was answered, or runs. */
export function endOf({ stopReason }: Turn): string | undefined {
  const word = stopReason && ENDS[stopReason];
  return word && t(word);
}

/** Empty where nothing ended. */
export function ended(turn: Turn | undefined): string {
  if (turn?.stopReason === undefined) return "";
  if (turn.error) return t("failed", plain(turn.error.message));
  const last = turn.parts.at(-1);
  if (last?.type === "tool" && last.status === "denied") return `${plain(last.name ?? "")} ${t("statusDenied")}`;
  return endOf(turn) ?? t("answered");
}
