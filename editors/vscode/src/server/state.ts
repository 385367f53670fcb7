// What the extension knows of its server.
import type { ServerHello } from "../protocol.ts";

export type State =
  | { readonly kind: "stopped" | "starting" | "noServer" | "incompatible" }
  | { readonly kind: "running"; readonly command: readonly string[]; readonly version: string; readonly hello: ServerHello }
  | { readonly kind: "crashed"; readonly report: string }
  | { readonly kind: "failed"; readonly message: string };
