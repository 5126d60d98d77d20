export interface QueueRequest<Slot, Exit = never> {
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
  /** Undefined if the launch can be served by a slot only. */
  readonly exit?: QueueExit<Exit> | undefined;
  readonly onQueued?: () => void;
}

/** Another way to serve a queued launch. */
export interface QueueExit<Exit> {
  /** Unix time in ms of the first check. */
  readonly fromMs: number;
  readonly everyMs: number;
  /** @returns undefined if the launch stays in the queue. Must not call back into the queue. */
  readonly take: () => Exit | undefined;
}

export type QueueResult<Slot, Exit = never> =
  | { readonly kind: "granted"; readonly slot: Slot }
  /** The launch leaves by {@link QueueRequest.exit}. */
  | { readonly kind: "left"; readonly exit: Exit }
  | { readonly kind: "queue-full" }
  | { readonly kind: "deadline" }
  | { readonly kind: "cancelled" }
  /** The pool or this gateway ends. */
  | { readonly kind: "closed"; readonly error: Error };

export interface QueuedLaunch<Slot> extends QueueRequest<Slot, unknown> {
  readonly settle: (result: QueueResult<Slot>) => void;
}
