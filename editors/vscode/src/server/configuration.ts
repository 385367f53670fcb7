// Reads the editor's configuration for the server.
import * as vscode from "vscode";
import type { JsonObject } from "../protocol.ts";
import { told } from "./settings.ts";

interface Manifest {
  readonly contributes: { readonly configuration: { readonly properties: Record<string, unknown> } };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
}

let manifest: Manifest | undefined;

/** Remember which settings the extension has. */
export function useManifest(packageJson: unknown): void {
  manifest = packageJson as Manifest;
}

/** The section `maestro`, as the server asks for it. */
export function settingsToTell(): JsonObject {
  if (!manifest) return {};
  const configuration = vscode.workspace.getConfiguration();
  return told(
    Object.keys(manifest.contributes.configuration.properties),
    (name) => configuration.inspect(name),
    new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations),
    vscode.workspace.isTrusted,
  );
}
