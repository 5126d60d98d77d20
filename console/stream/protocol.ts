import type { ConsoleEvent } from "../../operator/api/console.ts";

/** The connection to the operator. */
export type StreamStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** What is shown is from `sinceMs`, undefined before the first event. The stream reconnects by itself. */
  | { readonly kind: "lost"; readonly sinceMs: number | undefined; readonly message: string }
  /** The operator requires a valid token. */
  | { readonly kind: "signed-out"; readonly message: string };

/** From a tab to the hub of all tabs. */
export type ToHub =
  /** The first message: a token that this tab has kept. */
  | { readonly kind: "join"; readonly token: string | undefined }
  /** Pools whose details this tab shows. */
  | { readonly kind: "want"; readonly pools: readonly string[] }
  | { readonly kind: "sign-in"; readonly token: string | undefined }
  | { readonly kind: "sign-out" }
  /** The tab is open. */
  | { readonly kind: "here" }
  | { readonly kind: "leave" };

/** From the hub to a tab. */
export type ToTab =
  | { readonly kind: "status"; readonly status: StreamStatus }
  | { readonly kind: "token"; readonly token: string | undefined }
  | { readonly kind: "event"; readonly event: ConsoleEvent };

/** One end between a tab and the hub. */
export interface Port<Sent, Received> {
  send(message: Sent): void;
  listen(handle: (message: Received) => void): void;
  close(): void;
}

export function portOf<Sent, Received>(port: MessagePort): Port<Sent, Received> {
  return {
    send: (message) => port.postMessage(message),
    listen: (handle) => {
      port.onmessage = ({ data }) => handle(data);
    },
    close: () => port.close(),
  };
}
