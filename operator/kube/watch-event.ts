import { errorFromStatus, malformed } from "./errors.ts";
import type { KubeObject } from "./types.ts";

export interface WatchEvent {
  /** A bookmark's object has only a resourceVersion. */
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
}

/**
 * Parses one line of a watch.
 * @param action the request, for error messages.
 * @throws KubeError for an `ERROR` event, with its status, and for a line that is not an event (`Malformed`).
 */
export function eventOf(line: string, action: string): WatchEvent {
  const { type, object } = parse(line, action);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return { type, object: (object ?? {}) as KubeObject };
    case "ERROR":
      throw errorFromStatus(action, object);
    default:
      throw malformed(`${action} sent an event of unknown type ${JSON.stringify(type)}`);
  }
}

function parse(line: string, action: string): { readonly type?: unknown; readonly object?: unknown } {
  try {
    return (JSON.parse(line) ?? {}) as { type?: unknown; object?: unknown };
  } catch (cause) {
    throw malformed(`${action} sent a line that is not JSON`, cause);
  }
}
