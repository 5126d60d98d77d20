import type { WarmSlots } from "../api/pool-config.ts";
import type { AutoTarget } from "./auto-target.ts";
import type { SetDemand } from "./size.ts";

/** `scaling.scaleDownAfter: auto` without a forecast. */
export const DEFAULT_HOLD_MS = 300_000;

/** `warm.slots: auto` without a forecast, and the minimum for a percentage. */
export const DEFAULT_WARM_SLOTS = 1;

export interface WarmInputs {
  /** Slots to keep free in any case: the largest of `presets[].warmSlots`, `warm.schedule` and a number in `warm.slots`. */
  readonly floor: number;
  /** Minimum for a percentage, and for `auto` without a forecast. */
  readonly least: number;
  /** Sessions and queued launches. */
  readonly taken: number;
  readonly target: AutoTarget | undefined;
}

/** The free slots to keep for a serving set, with the reason as a clause. */
export function warmOf(slots: WarmSlots, { floor, least, taken, target }: WarmInputs): Pick<SetDemand, "warm" | "because"> {
  switch (slots.kind) {
    case "count":
      return { warm: floor, because: floor > slots.slots ? `${floor} warm slots from warm.schedule or presets[].warmSlots` : "" };
    case "share": {
      // Free slots that make up this percentage of all slots, as in the buffer of Agones.
      const share = Math.max(least, Math.ceil((taken * slots.percent) / (100 - slots.percent)));
      return {
        warm: Math.max(floor, share),
        because: `${share} warm slots are ${slots.percent}% of all slots, with ${taken} taken`,
      };
    }
    case "auto":
      return { warm: Math.max(floor, target?.slots ?? least), because: target?.because ?? "" };
  }
}
