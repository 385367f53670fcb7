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

export interface Problem {
  readonly message: string;
  readonly button?: string;
}

export type ToView =
  | { readonly type: "show"; readonly view: View; readonly more: boolean }
  | { readonly type: "older"; readonly turns: readonly Turn[]; readonly more: boolean }
  | { readonly type: "events"; readonly events: readonly ChatEvent[] }
  | { readonly type: "heading"; readonly heading: Heading }
  | { readonly type: "busy"; readonly busy: boolean }
  | { readonly type: "permissions"; readonly requests: readonly PermissionRequestParams[] }
  | { readonly type: "attachments"; readonly attachments: readonly Attachment[] }
  | { readonly type: "problem"; readonly problem?: Problem }
  /** It could not be said: the words go back into the field. */
  | { readonly type: "unsaid"; readonly text: string }
  | { readonly type: "focus" };

export type FromView =
  | { readonly type: "ready" | "stop" | "older" | "attach" | "problemButton" | "selectModel" }
  | { readonly type: "send" | "copy" | "insert" | "open"; readonly text: string }
  | { readonly type: "apply"; readonly text: string; readonly language: string }
  | { readonly type: "detach"; readonly id: string }
  | { readonly type: "answer"; readonly requestId: string; readonly optionId: string }
  | { readonly type: "revert"; readonly messageId: string };
