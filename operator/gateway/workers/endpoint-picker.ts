import { compareEndpoints, type EndpointClass, type EndpointIndex } from "./endpoint-index.ts";
import type { Worker } from "./worker.ts";

/** Why no worker can take a launch: the reason of the worker that is nearest to serving it. */
export type NoEndpoint = "no-workers" | "none-usable" | "all-cordoned" | "all-tried" | "all-full";

export interface Wanted {
  /** Names of the groups that serve the preset, in the order in which they are filled. */
  readonly groups: readonly string[];
  /** `undefined` stands for a face image that is no preset. */
  readonly preset: string | undefined;
  /** UIDs of workers that this launch was tried on already. */
  readonly tried: ReadonlySet<string>;
}

/**
 * The endpoint picker. Chooses the worker for a launch: a worker with the preset loaded before a warm one before a cold one;
 * then the earlier group; then a worker in this gateway's share, so that gateways do not compete for a slot; then the worker
 * with the fewest free slots. The last rule is bin packing: it keeps other workers empty, so that scale-down can remove them.
 * The picker reads the heads of a few sorted lists, whatever the number of workers.
 * @returns the worker, and whether it is warm: it was warmed up, or has served the preset before.
 */
export function pickEndpoint<W extends { readonly uid: string }>(
  endpoints: EndpointIndex<W>,
  { groups, preset, tried }: Wanted,
): { readonly worker: W; readonly warm: boolean } | undefined {
  for (const { classes, warm } of tiersFor(preset)) {
    for (const group of groups) {
      const best = classes
        .map((name) => endpoints.ofClass(group, name).find(({ uid }) => !tried.has(uid)))
        .reduce((a, b) => (a === undefined || (b !== undefined && compareEndpoints(b, a) < 0) ? b : a));
      if (best !== undefined) return { worker: best.worker, warm };
    }
  }
  return undefined;
}

interface Tier {
  readonly classes: readonly EndpointClass[];
  readonly warm: boolean;
}

function tiersFor(preset: string | undefined): readonly Tier[] {
  if (preset === undefined) return imageTiers;
  return [{ classes: ["loaded", `served/${preset}`], warm: true }, { classes: ["warm"], warm: true }, coldTier];
}

const coldTier: Tier = { classes: ["cold"], warm: false };
const imageTiers: readonly Tier[] = [{ classes: ["loaded", "warm"], warm: true }, coldTier];

type Checked = Pick<Worker, "uid" | "group" | "usable" | "cordoned" | "terminating">;

/** Why {@link pickEndpoint} found no worker among these. It reads each worker: call it for error messages, not for every launch. */
export function whyNone(workers: Iterable<Checked>, wanted: Wanted): NoEndpoint {
  let reason: NoEndpoint = "no-workers";
  for (const worker of workers) {
    if (!wanted.groups.includes(worker.group)) continue;
    const against = objection(worker, wanted);
    if (nearness[against] > nearness[reason]) reason = against;
  }
  return reason;
}

const nearness: Readonly<Record<NoEndpoint, number>> = {
  "no-workers": 0,
  "none-usable": 1,
  "all-cordoned": 2,
  "all-tried": 3,
  "all-full": 4,
};

function objection(worker: Checked, wanted: Wanted): NoEndpoint {
  if (!worker.usable) return "none-usable";
  if (worker.cordoned || worker.terminating) return "all-cordoned";
  if (wanted.tried.has(worker.uid)) return "all-tried";
  return "all-full";
}
