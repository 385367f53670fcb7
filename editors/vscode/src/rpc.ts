// What the views ask of the server, typed by the vocabulary and free of the language client.
import type { CancellationToken, Disposable } from "vscode";
import type { ClientRequests, ServerNotifications, ServerRequests } from "./protocol.ts";

export type Method = keyof ServerRequests;
export type Params<M extends Method> = ServerRequests[M]["params"];
export type Result<M extends Method> = ServerRequests[M]["result"];
export type StreamEvent<M extends Method> = ServerRequests[M]["event"];
export type Notification = keyof ServerNotifications;
export type Call = keyof ClientRequests;

export interface Server {
  /** Ask; starts the server if it does not run. */
  request<M extends Method>(method: M, params: Params<M>, token?: CancellationToken): Promise<Result<M>>;
  /** Ask, and hear the events on the way to the answer. */
  stream<M extends Method>(
    method: M,
    params: Params<M>,
    heard: (event: StreamEvent<M>) => void,
    token?: CancellationToken,
  ): Promise<Result<M>>;
  /** Hear a notification, of this server and of those that come after it. */
  on<N extends Notification>(name: N, heard: (params: ServerNotifications[N]) => void): Disposable;
  /** Answer what the server asks. */
  answer<C extends Call>(
    name: C,
    answered: (params: ClientRequests[C]["params"], token: CancellationToken) => Promise<ClientRequests[C]["result"]>,
  ): Disposable;
}
