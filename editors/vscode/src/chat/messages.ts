// What the chat view and the extension say to each other.
import type { ChatEvent, PermissionRequestParams } from "../protocol.ts";
import type { Turn, View } from "./view.ts";

/** What stands above and below the turns. */
export interface Heading {
  readonly title: string;
  readonly model: string;
  readonly session: string;
}

export interface Attachment {
  readonly id: string;
  readonly label: string;
}

/** A sentence, and the button that helps. */
export interface Told {
  readonly message: string;
  readonly button?: string;
}

/** A message that is said when others are answered. */
export interface Waiting {
  readonly number: number;
  readonly text: string;
}

export interface Busy {
  readonly busy: boolean;
  /** Another window asked for what runs, and is asked in turn. */
  readonly elsewhere: boolean;
  /** A message may be sent meanwhile, and waits. */
  readonly queues: boolean;
  /** The chat is not there yet, so nothing can be sent. */
  readonly loads: boolean;
  readonly waiting: readonly Waiting[];
}

export type ToView =
  | { readonly type: "show"; readonly view: View; readonly more: boolean }
  | { readonly type: "older"; readonly turns: readonly Turn[]; readonly more: boolean }
  | { readonly type: "events"; readonly events: readonly ChatEvent[] }
  | { readonly type: "heading"; readonly heading: Heading }
  | ({ readonly type: "busy" } & Busy)
  | { readonly type: "permissions"; readonly requests: readonly PermissionRequestParams[] }
  | { readonly type: "attachments"; readonly attachments: readonly Attachment[] }
  | { readonly type: "problem"; readonly problem?: Told }
  /** What keeps Maestro from working here; a hint is for a chat that begins. */
  | { readonly type: "advice"; readonly advice?: Told & { readonly hint: boolean } }
  /** What stands in the field of the chat that is shown. */
  | { readonly type: "draft"; readonly text: string }
  /** It could not be said, or was taken back: the words go back into the field. */
  | { readonly type: "unsaid"; readonly text: string }
  | { readonly type: "focus" };

export type FromView =
  | { readonly type: "ready" | "stop" | "older" | "attach" | "problemButton" | "closeProblem" | "adviceButton" | "selectModel" }
  | { readonly type: "send" | "draft" | "copy" | "insert" | "open"; readonly text: string }
  | { readonly type: "image"; readonly mimeType: string; readonly data: string }
  | { readonly type: "files"; readonly uris: readonly string[] }
  | { readonly type: "apply"; readonly text: string; readonly language: string }
  | { readonly type: "withdraw"; readonly number: number }
  | { readonly type: "detach"; readonly id: string }
  | { readonly type: "answer"; readonly requestId: string; readonly optionId: string }
  | { readonly type: "fork" | "takeBack"; readonly turnId: string };
