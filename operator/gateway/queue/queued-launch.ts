export interface QueueRequest<Slot> {
  /** Position among the launches of its client. A launch that is queued again keeps its position. */
  readonly order: number;
  /** The client of the launch; clients take turns. */
  readonly client: string;
  /** The preset. A slot that serves one launch serves any other with the same `want`. */
  readonly want: string;
  /** Unix time in ms at which the launch leaves the queue. */
  readonly deadlineMs: number;
  /** Whether the launch had a slot before and got no session: it keeps its turn and its position. */
  readonly again: boolean;
  /** Reserves a free slot for the launch, if there is one. Must not call back into the queue. */
  readonly take: () => Slot | undefined;
  /** Called when the launch enters the queue. */
  readonly onQueued?: () => void;
}

/** How a launch left the queue. */
export type QueueResult<Slot> =
  | { readonly kind: "granted"; readonly slot: Slot }
  | { readonly kind: "queue-full" }
  | { readonly kind: "deadline" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "refused"; readonly error: Error };

/** A launch in the queue. */
export interface QueuedLaunch<Slot> extends QueueRequest<Slot> {
  readonly settle: (result: QueueResult<Slot>) => void;
}
