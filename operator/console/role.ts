import type { ConsoleSource } from "./source.ts";
import type { FanOut } from "./stream/fan-out.ts";

/** What this replica of the operator does now. */
export type Role =
  | { readonly kind: "leads"; readonly source: ConsoleSource; readonly fanOut: FanOut; readonly leading: AbortSignal }
  /** `leader` is the origin of the leader's console, if it is known. */
  | { readonly kind: "standsBy"; readonly leader: string | undefined };
