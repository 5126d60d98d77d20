import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { isLive, type Session } from "./session-book.ts";

/** Pauses after a worker that did not end a session; after the last one the session is left to its worker. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

export interface ReplacedDeps {
  readonly clock: Clock;
  readonly tell?: ((news: { readonly kind: "replaced" | "replaced-not-stopped"; readonly session: Session }) => void) | undefined;
  readonly stop: (session: Session) => Promise<boolean>;
}

/**
 * Ends a session whose place in its room a newer one has, or will have. Never throws.
 * @param settled no further try begins after it aborts.
 * @returns whether it has ended now; if not, it is tried again.
 */
export async function endReplaced(deps: ReplacedDeps, session: Session, settled?: AbortSignal): Promise<boolean> {
  if (!isLive(session)) return true;
  const ended = await deps.stop(session);
  if (ended) deps.tell?.({ kind: "replaced", session });
  else void tryAgain(deps, session, settled);
  return ended;
}

async function tryAgain({ clock, stop, tell }: ReplacedDeps, session: Session, settled?: AbortSignal): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    await sleep(clock, pauseMs, settled);
    if (!isLive(session) || settled?.aborted) return;
    if (await stop(session)) return tell?.({ kind: "replaced", session });
  }
  if (isLive(session)) tell?.({ kind: "replaced-not-stopped", session });
}
