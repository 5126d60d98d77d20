import type { ServerResponse } from "node:http";

/** Aborts if the connection closes before the response was sent. */
export function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
