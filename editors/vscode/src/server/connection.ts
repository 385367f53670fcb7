// One server process with the client that speaks to it, from its start to its end.
import type { LanguageClient } from "vscode-languageclient/node";
import { Lost } from "../errors.ts";
import type { Ending } from "./crashes.ts";
import type { Program } from "./program.ts";
import { Pulse } from "./pulse.ts";

/** How long a server may take to shut down when it is asked to. */
const SHUTDOWN_MS = 2000;

export class Connection {
  /** `left` by us, or `died` by itself. */
  fate: "alive" | "left" | "died" = "alive";
  readonly client: LanguageClient;
  readonly program: Program;
  readonly pulse: Pulse;
  /** It closed, or what came through it before the handshake was no message. */
  readonly broken: Promise<"closed" | "garbled">;
  private loss: Lost | undefined;

  constructor(client: LanguageClient, program: Program, broken: Connection["broken"], silent: () => void) {
    this.client = client;
    this.program = program;
    this.broken = broken;
    this.pulse = new Pulse(() => client.sendRequest("maestro/status", {}), silent);
  }

  /** Shut down what runs, kill what does not obey, and say how it ended. Never raises. */
  async end(): Promise<Ending> {
    const asked = this.client.isRunning();
    await this.client.dispose(SHUTDOWN_MS).catch(() => undefined);
    return this.program.end(asked);
  }

  /** What those hear who waited when it died: the same error for all, so that it is told once. */
  lost(message: string): Lost {
    return (this.loss ??= new Lost(message));
  }
}
