import { conditionTypes } from "../../operator/api/conditions.ts";
import type { Sender } from "./api.ts";
import { isDeleting } from "./api-objects.ts";
import type { JudgedWorld } from "./judged.ts";

const MINUTE_MS = 60_000;
/** Sizes change while a Deployment is rejected, and each size is tried once. Up to 32 pods are tried one by one. */
const MOST_IN_A_MINUTE = 50;
/** A request without a response times out only after half a minute. */
const AFTER_TROUBLE_MS = 45_000;

/** Promise 6 if the API server rejects a write permanently: it is reported, and retried at a limited rate. */
export class RefusalWatch {
  #lately: readonly Sender[] = [];

  /** A write was rejected. */
  refused(world: JudgedWorld, sender: Sender): void {
    const nowMs = world.clock.now();
    const before = this.#lately.findLast(({ name }) => name === sender.name);
    this.#lately = [...this.#lately.filter(({ sentMs }) => nowMs - sentMs < 6 * MINUTE_MS), sender];
    if (this.#lately.filter(({ sentMs }) => nowMs - sentMs < MINUTE_MS).length > MOST_IN_A_MINUTE)
      world.witness.broken(6, "a write that the API server rejects is retried too often");
    const { poolObject: object, api } = world;
    if (before === undefined || object === undefined || isDeleting(object) || api.trouble !== undefined) return;
    // A rejected write of the status cannot be reported in the status.
    if (api.refusal?.plural === "avatarpools" && api.refusal.subresource === "status") return;
    if (before.sentMs < world.calmSinceMs + AFTER_TROUBLE_MS || nowMs - before.sentMs < 10_000) return;
    const { conditions = [] } = (object.status ?? {}) as {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
    const ready = conditions.find(({ type }) => type === conditionTypes.ready);
    if (ready?.status !== "False") world.witness.broken(6, "a write is rejected, but the pool is Ready");
  }
}
