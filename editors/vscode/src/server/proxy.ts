// The editor's proxy, for a program that knows only the usual variables.

export interface ProxySettings {
  readonly proxy: string;
  readonly noProxy: readonly string[];
}

/** Variables to add; nothing where the user's environment already names a proxy. */
export function proxyVariables(
  settings: ProxySettings,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const named = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some(
    (name) => environment[name] || environment[name.toLowerCase()],
  );
  if (named || !settings.proxy) return {};
  const excepted = settings.noProxy.length > 0 ? { NO_PROXY: settings.noProxy.join(",") } : {};
  return { HTTPS_PROXY: settings.proxy, HTTP_PROXY: settings.proxy, ...excepted };
}
