// What somebody referred to in the editor's own chat, as parts of a message.
import * as vscode from "vscode";
import type { InputPart } from "../protocol.ts";
import { dataPart, inputOf } from "./translate.ts";

/** Nothing, where nothing here can read it. */
export async function attached({ value, modelDescription }: vscode.ChatPromptReference): Promise<InputPart[]> {
  if (value instanceof vscode.Uri) return [await fileOrFolder(value)];
  if (value instanceof vscode.Location) return [selection(value)];
  if (typeof value === "string") return [{ type: "text", text: [modelDescription, value].filter(Boolean).join("\n") }];
  // Its class is younger than the oldest editor this runs in.
  const { mimeType, data } = (value ?? {}) as { mimeType?: unknown; data?: () => Thenable<Uint8Array> };
  return typeof mimeType === "string" && typeof data === "function" ? inputOf(dataPart(mimeType, await data.call(value))) : [];
}

/** A folder is named; what of it is read, and whether it may be, is decided by the tools. */
async function fileOrFolder(uri: vscode.Uri): Promise<InputPart> {
  const isFolder = await vscode.workspace.fs.stat(uri).then(({ type }) => (type & vscode.FileType.Directory) !== 0, () => false);
  if (!isFolder) return { type: "file", uri: uri.toString() };
  return { type: "text", text: `The folder ${vscode.workspace.asRelativePath(uri)} is meant.` };
}

function selection({ uri, range: { start, end } }: vscode.Location): InputPart {
  const range = {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
  return { type: "selection", uri: uri.toString(), range };
}
