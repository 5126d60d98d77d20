import type { V1Deployment } from "@kubernetes/client-node";
import { annotations } from "../../operator/api/names.ts";
import type { PoolConfig } from "../../operator/api/pool-config.ts";
import type { PoolEvent } from "../../operator/pool/report/reporter.ts";
import type { Write } from "./api.ts";
import type { ApiObject } from "./api-objects.ts";
import type { Cause } from "./cluster.ts";
import { SizeJudge, type SizeJudgeOptions } from "./sizes.ts";
import type { Timeline } from "./timeline.ts";

/** Part of every secret of a world, so that one search finds every leak. */
export const SECRET_MARK = "SECRETVALUE";
const marks = [SECRET_MARK, Buffer.from(SECRET_MARK).toString("base64").slice(0, 12)];

const MOST_VIOLATIONS = 20;

interface LogCounts {
  readonly from?: number;
  readonly to?: number;
}

export interface WitnessOptions extends Omit<SizeJudgeOptions, "broken"> {
  readonly timeline: Timeline;
}

/** Records every broken promise in the product's writes, messages and actions, when it happens. */
export class Witness {
  readonly violations: string[] = [];
  readonly counts = { writes: 0, decisions: 0, endedByUs: 0, endedByDrainTimeout: 0, endedByTrouble: 0, drained: 0 };
  lastWriteMs: number;
  /** The same without writes that only describe the world. */
  lastChangeMs: number;
  readonly #lastTold = new Map<string, string>();
  readonly #options: WitnessOptions;
  readonly #sizes: SizeJudge;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.lastWriteMs = options.now();
    this.lastChangeMs = this.lastWriteMs;
    this.#sizes = new SizeJudge({ ...options, broken: (promise, what) => this.broken(promise, what) });
  }

  broken(promise: number, what: string): void {
    const text = `promise ${promise}: ${what}`;
    this.#options.timeline.note("BROKEN", text);
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(text);
  }

  /** The pool's spec from now on. */
  specChanged(pool: PoolConfig): void {
    this.#sizes.specChanged(pool);
  }

  /** Promise 1: sessions on a pod that is being deleted or has ended. */
  disturbed(pod: ApiObject, sessions: number, cause: Cause, ended: boolean): void {
    const { timeline } = this.#options;
    timeline.note("pod", `${pod.metadata.name} ${ended ? "ends" : "is being deleted"} with ${sessions} sessions: ${cause}`);
    switch (cause) {
      case "scale-down":
      case "deployment-deleted":
      case "startup-probe":
        // The drain would protect them for its timeout, but the safe path never needs it.
        if (ended) this.counts.endedByUs += sessions;
        this.broken(1, `${pod.metadata.name} is removed with ${sessions} sessions: ${cause}`);
        return;
      case "rollout":
      case "by-hand":
        this.counts.drained += sessions;
        return;
      case "drain-timeout":
        this.counts.endedByDrainTimeout += sessions;
        return;
      case "node-lost":
      case "pod-failed":
      case "crash":
        this.counts.endedByTrouble += sessions;
    }
  }

  /** Promises 4 and 7, at every write. */
  wrote(write: Write): void {
    const { verb, plural, before, wanted, subresource } = write;
    this.counts.writes++;
    this.lastWriteMs = this.#options.now();
    if (plural !== "avatarpools" || subresource !== "status") this.lastChangeMs = this.lastWriteMs;
    const text = JSON.stringify(wanted);
    const name = before?.metadata.name ?? (wanted as Partial<ApiObject>).metadata?.name ?? "";
    this.told(`${verb} of ${plural} ${name}`, text);
    this.#options.timeline.note(
      "write",
      `${verb} ${plural}/${name}${subresource === undefined ? "" : `/${subresource}`} ${brief(write)}`,
    );
    if (plural === "deployments" && verb !== "delete") {
      this.#sizes.wrote(name, write);
      this.#replaces(name, write);
    }
  }

  /** Promise 1: only a change by the user replaces workers, never an upgrade of AvatarPool. */
  #replaces(name: string, { verb, before, wanted }: Write): void {
    if (verb !== "apply" || before === undefined) return;
    const [was, is] = [templateOf(before), templateOf(wanted)];
    if (was.inputs === is.inputs && was.template !== is.template)
      this.broken(1, `${name} gets a different pod template although the user did not change its inputs`);
  }

  /** Promise 7, in every message of the product. */
  told(where: string, text: string): void {
    for (const mark of marks) {
      const at = text.indexOf(mark);
      if (at >= 0) this.broken(7, `${where} contains a secret: ${text.slice(Math.max(0, at - 60), at + 20)}`);
    }
  }

  event(event: PoolEvent): void {
    this.told("an event", JSON.stringify(event));
  }

  /** A line of the operator's log. Every decision has one, with its reason. */
  log(line: string): void {
    this.told("a log line", line);
    const { msg, group, from, to, reason } = JSON.parse(line) as Partial<Record<"msg" | "group" | "reason", string>> & LogCounts;
    if (msg !== "scaled" || group === undefined) return;
    const decision = `${group} ${from} -> ${to}: ${reason}`;
    this.#options.timeline.note("decision", decision);
    this.counts.decisions++;
    this.#sizes.told(group);
    if (decision === this.#lastTold.get(group) && this.#options.untroubled())
      this.broken(4, `the same decision is made twice: ${decision}`);
    this.#lastTold.set(group, decision);
  }

  /** An unchanged world causes no writes, and every change of size is reported with its reason. */
  finish(troubled: boolean): void {
    if (!troubled) this.#sizes.finish();
  }
}

function templateOf(object: unknown): { readonly inputs: string | undefined; readonly template: string | undefined } {
  const { metadata, spec } = object as V1Deployment;
  return {
    inputs: metadata?.annotations?.[annotations.templateInputs],
    template: spec?.template.metadata?.annotations?.[annotations.template],
  };
}

/** The part of a write that the timeline shows. */
function brief({ plural, wanted, before }: Write): string {
  const { spec, metadata, status } = wanted as {
    readonly spec?: { readonly replicas?: number };
    readonly metadata?: { readonly annotations?: object; readonly labels?: object; readonly finalizers?: unknown };
    readonly status?: {
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    };
  };
  if (status?.conditions !== undefined)
    return status.conditions.map(({ type, status: holds, reason }) => `${type}=${holds}(${reason})`).join(" ");
  if (plural === "deployments")
    return `replicas ${(before?.spec as { readonly replicas?: number } | undefined)?.replicas} -> ${spec?.replicas}`;
  return JSON.stringify({ labels: metadata?.labels, annotations: metadata?.annotations, finalizers: metadata?.finalizers });
}
