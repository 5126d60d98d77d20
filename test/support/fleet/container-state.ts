import type { V1ContainerStatus } from "@kubernetes/client-node";
import type { Json } from "../../../operator/kube/types.ts";
import type { Container } from "./pod.ts";

/** The state of one container. Times are Unix ms. */
export interface ContainerState {
  readonly current:
    | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
    | { readonly kind: "running"; readonly startedAtMs: number }
    | ({ readonly kind: "terminated" } & Termination);
  /** The end of its previous run. */
  readonly last?: Termination;
  readonly restarts: number;
  readonly started: boolean;
  readonly ready: boolean;
}

export interface Termination {
  readonly exitCode: number;
  readonly message?: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

export const initialising: ContainerState = {
  current: { kind: "waiting", reason: "PodInitializing" },
  restarts: 0,
  started: false,
  ready: false,
};

export type ContainerStatus = Json<V1ContainerStatus>;

/** The state in the format of the API. */
export function containerStatus(container: Container, state: ContainerState): ContainerStatus {
  const { current, last, restarts, started, ready } = state;
  return {
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    restartCount: restarts,
    started,
    ready,
    state: currentStatus(current),
    ...(last && { lastState: { terminated: terminatedStatus(last) } }),
  };
}

function currentStatus(current: ContainerState["current"]): NonNullable<ContainerStatus["state"]> {
  switch (current.kind) {
    case "waiting":
      return { waiting: { reason: current.reason, ...(current.message !== undefined && { message: current.message }) } };
    case "running":
      return { running: { startedAt: apiTime(current.startedAtMs) } };
    case "terminated":
      return { terminated: terminatedStatus(current) };
  }
}

function terminatedStatus({ exitCode, message, startedAtMs, finishedAtMs }: Termination) {
  return {
    exitCode,
    reason: exitCode === 0 ? "Completed" : "Error",
    ...(message !== undefined && { message }),
    startedAt: apiTime(startedAtMs),
    finishedAt: apiTime(finishedAtMs),
  };
}

/** The API stores whole seconds. */
export function apiTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
