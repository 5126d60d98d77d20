import { MAX_BEFORE } from "../claims/claim-book.ts";
import type { Claimed, OneLaunch } from "../claims/launch-claims.ts";
import type { SearchTarget } from "../sessions/find-session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Worker } from "../workers/worker.ts";
import type { Flight } from "./send-launch.ts";

/** What came of a claim, and what was known of the room before the launch is sent. */
export interface ClaimedFor extends Pick<SearchTarget, "isOther"> {
  readonly claimed: Claimed;
}

/**
 * Claims a launch for a worker, and notes which tasks of its room the worker has: after a lost answer they settle nothing. The
 * worker is asked for them only if another gateway has launched into the room a moment ago; others are known by then.
 * @param yielded called when another gateway has the launch: the slot is not needed.
 * @throws LaunchError when nobody can tell what became of another gateway's claim.
 */
export async function claimFor(
  { sessions }: { readonly sessions: Pick<Sessions, "liveIn" | "isOther" | "look"> },
  claims: OneLaunch,
  worker: Worker,
  { key, keys, request }: Flight,
  yielded: () => void,
): Promise<ClaimedFor> {
  const { roomName: room } = request;
  const claim = async (): Promise<ClaimedFor> => {
    const before = new Set(sessions.liveIn(key, room).flatMap((session) => (session.worker === worker ? session.taskId : [])));
    const claimed = await claims.claim(worker, [...before].slice(-MAX_BEFORE), yielded);
    return { claimed, isOther: (task) => before.has(task) || sessions.isOther(worker, task, room, keys.launch) };
  };
  const first = await claim();
  if (first.claimed.kind !== "granted" || first.claimed.others.length === 0) return first;
  await sessions.look(worker);
  return claim();
}
