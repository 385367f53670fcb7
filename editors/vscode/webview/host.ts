// The editor's side of a webview.

interface Api {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): Api;

/** Typed ends: what is said to the extension, what is heard from it, and what outlives being hidden. */
export function connect<From, To, State>(heard: (message: To) => void) {
  const api = acquireVsCodeApi();
  window.addEventListener("message", (event: MessageEvent<To>) => heard(event.data));
  return {
    say: (message: From) => api.postMessage(message),
    recall: () => api.getState() as State | undefined,
    keep: (state: State) => api.setState(state),
  };
}
