// Starts one program and shakes hands with it, or says why that did not come about; a start that failed leaves no process.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { PROTOCOL_VERSION } from "../protocol.ts";
import { connect, type Given, serverHello } from "./client.ts";
import type { Connection } from "./connection.ts";
import { report } from "./crashes.ts";
import type { Candidate } from "./discovery.ts";
import { within } from "./patience.ts";
import { probe } from "./probe.ts";
import type { Failure, Fault, Running } from "./state.ts";

/** How long a server may take to its answer to `initialize`. */
const DEADLINE_MS = 30_000;

export type Launched = { readonly connection: Connection; readonly running: Running } | Failure;

/** `wire` is given the client before it starts. Aborted, it ends soon, and what it says is of no use. */
export async function launch(
  candidate: Candidate,
  given: Given,
  wire: (client: LanguageClient) => void,
  signal: AbortSignal,
): Promise<Launched> {
  const { command } = candidate;
  const probed = await probe(command, signal);
  if ("fault" in probed) return unfit(candidate, probed.fault, `${command.join(" ")}\n${probed.cause}\n`);
  const started = [...command, "lsp", "--stdio"];
  const connection = connect(started, given);
  wire(connection.client);
  const fault = await handshake(connection, signal);
  const hello = serverHello(connection.client);
  if (!fault && hello?.protocolVersion === PROTOCOL_VERSION) {
    return { connection, running: { kind: "running", command, version: probed.version, hello } };
  }
  connection.fate = "left";
  const told = report(started, await connection.end(), vscode.l10n.t, hello ? differing(hello.protocolVersion) : fault?.cause);
  return hello && !fault ? { kind: "incompatible", origin: candidate.origin, report: told } : failed(candidate, fault?.fault ?? "foreign", told);
}

/** What went wrong with it, if anything. */
async function handshake(connection: Connection, signal: AbortSignal): Promise<{ fault: Fault; cause: string } | undefined> {
  const started = connection.client.start().then(() => undefined, String);
  const came = await within(Promise.race([started, connection.broken]), DEADLINE_MS, signal);
  if (came.kind !== "done") return { fault: "silent", cause: `no answer to initialize within ${DEADLINE_MS / 1000} s` };
  if (came.value === undefined) return undefined;
  return came.value === "garbled" ? { fault: "foreign", cause: "stdout has what is no message" } : { fault: "ended", cause: came.value };
}

function differing(version: unknown): string {
  return `protocol ${String(version)}, not ${PROTOCOL_VERSION}`;
}

/** A program of that name on PATH may be anybody's; it is only passed over. */
function unfit(candidate: Candidate, fault: Fault, told: string): Failure {
  return candidate.origin === "path" ? { kind: "noServer", report: told } : failed(candidate, fault, told);
}

function failed({ origin, command }: Candidate, fault: Fault, told: string): Failure {
  return { kind: "failed", origin, program: command.join(" "), fault, report: told };
}
