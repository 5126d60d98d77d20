import type { WarmSlots } from "../api/pool-config.ts";
import type { AutoTarget } from "./auto-target.ts";
import type { SetDemand } from "./size.ts";

/** `scaling.scaleDownAfter: auto` without a forecast. */
export const DEFAULT_HOLD_MS = 300_000;

/** `warm.slots: auto` without a forecast, and the fewest slots of a share. */
export const DEFAULT_WARM_SLOTS = 1;

export interface WarmInputs {
  /** Slots to keep free whatever is taken: the largest of `presets[].warmSlots`, `warm.schedule` and a number in `warm.slots`. */
  readonly floor: number;
  /** Fewest slots of a share, and of `auto` without a forecast. */
  readonly least: number;
  /** Sessions and queued launches. */
  readonly taken: number;
  readonly target: AutoTarget | undefined;
}

/** The free slots of a serving set, and where the number comes from as a clause. */
export function warmOf(slots: WarmSlots, { floor, least, taken, target }: WarmInputs): Pick<SetDemand, "warm" | "because"> {
  switch (slots.kind) {
    case "count":
      return { warm: floor, because: floor > slots.slots ? `${floor} warm by warm.schedule or presets[].warmSlots` : "" };
    case "share": {
      const share = Math.max(least, shareOfSlots(taken, slots.percent));
      return { warm: Math.max(floor, share), because: `${slots.percent}% of all slots beside ${taken} taken are ${share} warm` };
    }
    case "auto":
      return { warm: Math.max(floor, target?.slots ?? least), because: target?.because ?? "" };
  }
}

/** Free slots that are `percent` of all, as Agones computes its buffer: ceil(taken * p / (100 - p)). */
export function shareOfSlots(taken: number, percent: number): number {
  return Math.ceil((taken * percent) / (100 - percent));
}
