import type { PoolState } from "../state/fleet-state.ts";

/** What the page of a tab gets. */
export interface PoolTabProps {
  /** `NAMESPACE/NAME`. */
  readonly pool: string;
  /** As the stream shows it. */
  readonly state: Extract<PoolState, { readonly kind: "shown" }>;
  /** ID of a decision, on the tab `why`. */
  readonly decision: string | undefined;
}
