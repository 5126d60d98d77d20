import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { isLive, type Session } from "./session-book.ts";

/** Pauses before retries of a stop request that failed. After the last retry the session ends by the worker's own timeout. */
const RETRY_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

export interface ReplacedDeps {
  readonly clock: Clock;
  readonly onEvent?:
    | ((news: { readonly kind: "replaced" | "replaced-not-stopped"; readonly session: Session }) => void)
    | undefined;
  readonly stop: (session: Session) => Promise<boolean>;
}

/**
 * Ends a session that a newer session replaces, or will replace, in its room. Never throws.
 * @param settled no retry starts after it aborts.
 * @returns whether the session has ended; if not, the stop request is retried.
 */
export async function endReplaced(deps: ReplacedDeps, session: Session, settled?: AbortSignal): Promise<boolean> {
  if (!isLive(session)) return true;
  const ended = await deps.stop(session);
  if (ended) deps.onEvent?.({ kind: "replaced", session });
  else void retry(deps, session, settled);
  return ended;
}

async function retry({ clock, stop, onEvent }: ReplacedDeps, session: Session, settled?: AbortSignal): Promise<void> {
  for (const pauseMs of RETRY_PAUSES_MS) {
    await sleep(clock, pauseMs, settled);
    if (!isLive(session) || settled?.aborted) return;
    if (await stop(session)) return onEvent?.({ kind: "replaced", session });
  }
  if (isLive(session)) onEvent?.({ kind: "replaced-not-stopped", session });
}
