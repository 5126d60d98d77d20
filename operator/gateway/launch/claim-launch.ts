import type { Claimed } from "../claims/launch-claims.ts";
import { MAX_BEFORE } from "../claims/peer-protocol.ts";
import type { SearchTarget } from "../sessions/find-session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Worker } from "../workers/worker.ts";
import type { LaunchContext } from "./launch-context.ts";

/** The result of a claim, and which tasks of the room belonged to other launches before this launch was sent. */
export interface ClaimedFor extends Pick<SearchTarget, "isOther"> {
  readonly claimed: Claimed;
}

/**
 * Claims a launch for a worker, and records the worker's tasks in the room: after a lost answer they are not this launch's. The
 * gateway queries the worker only if another gateway has launched into the room recently. It knows all other tasks.
 * @param yielded called if another gateway has the launch: the slot is not needed.
 * @throws LaunchError if another gateway has the launch and its outcome is unknown.
 */
export async function claimFor(
  { sessions }: { readonly sessions: Pick<Sessions, "liveIn" | "isOther" | "poll"> },
  worker: Worker,
  { key, keys, request, claims }: LaunchContext,
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
  await sessions.poll(worker);
  return claim();
}
