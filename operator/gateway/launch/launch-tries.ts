import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { LaunchPath } from "../sessions/launch-path.ts";
import type { NotBegun } from "./send-launch.ts";

/** Why a launch needs a slot. */
export type PendingReason = "arrived" | "claim-void" | "cloud-refused" | NotBegun;

/** Whether the launch had a slot since it arrived, or since it left for the cloud. */
export function hadSlot(why: PendingReason): boolean {
  return why !== "arrived" && why !== "cloud-refused";
}

/** What has happened to a launch so far. */
export interface LaunchTries {
  /** UIDs of the workers that were tried since the launch left the queue. */
  readonly tried: ReadonlySet<string>;
  /** Number of workers that failed after they had received the launch. */
  readonly lost: number;
  /** `queued` once the launch has waited, else `cold` once it was sent to a worker that is not warm. Undefined before. */
  readonly path: LaunchPath | undefined;
  /** Why the maker's cloud refused the launch, one entry per try. */
  readonly cloudErrors: readonly OverflowErrorKind[];
}

export const noTries: LaunchTries = { tried: new Set(), lost: 0, path: undefined, cloudErrors: [] };

export function afterWorker(tries: LaunchTries, worker: string, why: NotBegun): LaunchTries {
  return { ...tries, tried: new Set([...tries.tried, worker]), lost: tries.lost + (why === "lost" ? 1 : 0) };
}

/** The slot that a launch got from the queue starts a new round of workers. */
export function afterQueue(tries: LaunchTries): LaunchTries {
  return { ...tries, tried: noTries.tried, path: "queued" };
}

export function afterCloud({ path, cloudErrors }: LaunchTries, error: OverflowErrorKind): LaunchTries {
  return { ...noTries, path, cloudErrors: [...cloudErrors, error] };
}

/** Only the path `warm` found a warm slot at once: the load report counts a miss for every other one. */
export function pathOnSend({ path }: LaunchTries, warm: boolean): LaunchPath {
  if (path === "queued" || path === "cold") return path;
  return warm ? "warm" : "cold";
}
