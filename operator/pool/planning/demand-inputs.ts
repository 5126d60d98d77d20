import type { WarmSlots } from "../../api/pool-config.ts";
import type { SetDemand } from "../../scaling/size.ts";
import { type WarmInputs, warmOf } from "../../scaling/warm-slots.ts";

/** All that the demand on the sets of a pool is computed from. */
export interface DemandInputs {
  readonly slots: WarmSlots;
  /** Sessions that `limits.maxSessions` allows beyond the present ones; undefined without a limit. */
  readonly room: number | undefined;
  readonly sets: readonly SetInputs[];
}

export interface SetInputs extends Pick<SetDemand, "set" | "queued" | "deficit"> {
  readonly warm: WarmInputs;
}

export function demandsOn({ slots, room, sets }: DemandInputs): readonly SetDemand[] {
  return withinRoom(
    room,
    sets.map(({ set, queued, deficit, warm }) => ({ set, queued, deficit, ...warmOf(slots, warm) })),
  );
}

/** No launch beyond `limits.maxSessions` is served, so no slot is kept warm for one. */
function withinRoom(allowed: number | undefined, demands: readonly SetDemand[]): readonly SetDemand[] {
  if (allowed === undefined) return demands;
  let room = allowed;
  const queued = demands.map((demand) => {
    const served = Math.min(demand.queued, room);
    room -= served;
    return { ...demand, queued: served };
  });
  return queued.map((demand) => {
    const warm = Math.min(demand.warm, room);
    return { ...demand, warm, deficit: Math.min(demand.deficit, room - warm) };
  });
}
