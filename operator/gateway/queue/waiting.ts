export interface Waiting<Slot> {
  /** Its place among the launches of its client, which are served in this order. One that comes back keeps its place. */
  readonly order: number;
  /** Whose launch it is: clients are served in turn. */
  readonly client: string;
  /** What it can be served with. Two that want the same can be served by the same slots. */
  readonly want: string;
  /** Unix time in ms at which it gives up. */
  readonly deadlineMs: number;
  /** It had a slot before and got no session: it keeps its turn and its place. */
  readonly again: boolean;
  /** Takes a free slot for it, if there is one. Must not call back into the queue. */
  readonly take: () => Slot | undefined;
  /** Called when it does begin to wait. */
  readonly onQueued?: () => void;
}

export type Waited<Slot> =
  | { readonly kind: "granted"; readonly slot: Slot }
  | { readonly kind: "queue-full" }
  | { readonly kind: "deadline" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "refused"; readonly error: Error };

/** A launch that waits. */
export interface Entry<Slot> extends Waiting<Slot> {
  readonly settle: (outcome: Waited<Slot>) => void;
}
