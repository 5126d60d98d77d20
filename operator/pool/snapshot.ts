import type { Reclaimed } from "../api/load-report.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import type { AvatarPoolStatus, DecisionStatus } from "../api/v1alpha1/index.ts";
import type { WorkerTemplate } from "../resources/worker-template.ts";
import type { AutoTarget } from "../scaling/auto-target.ts";
import type { NodeShortage } from "../scaling/nodes.ts";
import type { WorkerState } from "../scaling/victims.ts";
import type { Window } from "../scaling/window.ts";
import type { CreditsView } from "./credits/credits-store.ts";
import type { PoolLoadView } from "./load/load-hub.ts";
import type { Protection } from "./planning/protection.ts";
import type { Refusal } from "./refusals/refusal.ts";
import type { DeploymentView, PodView } from "./views.ts";

/** All that a plan is made from, read at one moment. Nothing in it changes afterwards. */
export interface Snapshot extends Observed {
  /** By key of the serving set: how much is to be kept warm for it; absent while nothing is known. */
  readonly forecast: ReadonlyMap<string, AutoTarget>;
  /** In how many milliseconds another snapshot may differ though no watch and no gateway reports a change. */
  readonly dueMs: number | undefined;
}

/** What the forecast is made from. */
export interface Observed {
  readonly nowMs: number;
  readonly pool: PoolConfig;
  readonly status: AvatarPoolStatus | undefined;
  readonly lastDecision: DecisionStatus | undefined;
  readonly hasFinalizer: boolean;
  readonly credentials: Credentials;
  /** Other Secrets of the pool that cannot be used. */
  readonly secretProblems: readonly SecretProblem[];
  /** Requests that the API server refuses, as far as they are to be reported. */
  readonly refusals: readonly Refusal[];
  /** In the order of the pool's groups. */
  readonly groups: readonly GroupSnapshot[];
  /** Deployments of groups that the pool no longer has. */
  readonly retired: readonly RetiredSnapshot[];
  readonly load: PoolLoadView;
  /** As they are to be reported; undefined if the pool counts no credits, or they could not be read. */
  readonly credits: CreditsView | undefined;
  /** Slots that gateways reclaimed since the pool was created. */
  readonly reclaimed: Reclaimed;
  /** Workers that gateways reach and the watch does not show: the watch is incomplete. */
  readonly unseenWorkers: number;
  /** By UID of the pod: when each worker last had sessions, as far as that decides on its protection. */
  readonly lastBusyMs: ReadonlyMap<string, number>;
}

/** Whether the Secret that `apiSecretRef` names has the key. `unknown`: the Secret could not be read. */
export type Credentials =
  | { readonly kind: "present" }
  | { readonly kind: "no-secret" }
  | { readonly kind: "no-key"; readonly keys: readonly string[] }
  | { readonly kind: "unknown"; readonly why: string };

/** Why a Secret that the pool names cannot be used. */
export interface SecretProblem {
  readonly field: "launch.auth" | "livekit.apiKeyRef";
  readonly name: string;
  readonly problem:
    | { readonly kind: "no-secret" }
    /** Keys that are not there, or empty. */
    | { readonly kind: "no-keys"; readonly missing: readonly string[] }
    /** None of its keys has a value. */
    | { readonly kind: "no-tokens" }
    /** It exists, and gateways have no permission to read it. */
    | { readonly kind: "forbidden" }
    /** It could not be read. */
    | { readonly kind: "unknown"; readonly why: string };
}

export type OwnDeployment =
  | { readonly kind: "absent" }
  /** `assumed`: we wrote it, and the watch has not shown it yet. */
  | { readonly kind: "own"; readonly view: DeploymentView; readonly assumed: boolean }
  /** A foreign object has the name of the group's Deployment. */
  | { readonly kind: "foreign"; readonly why: string };

export interface GroupSnapshot {
  readonly config: GroupConfig;
  readonly deployment: OwnDeployment;
  /** Its pod template as this version renders it. */
  readonly rendered: WorkerTemplate;
  /** Revision of the workers that the Deployment starts now; undefined while it is not known. */
  readonly newest: string | undefined;
  readonly members: Members;
  /** What the group's size should have been over the last minutes. */
  readonly wanted: Window;
  readonly shortage: NodeShortage | undefined;
}

export interface RetiredSnapshot {
  readonly deployment: DeploymentView;
  readonly members: Members;
}

/** The pods of one Deployment. Pods that ended permanently are no workers, whatever gateways report. */
export interface Members {
  /** Pods that are not being deleted. */
  readonly pods: readonly PodView[];
  /** The same, as scaling sees them. */
  readonly workers: readonly WorkerState[];
  /** Pods that are being deleted and wait for their sessions to end. */
  readonly terminating: readonly PodView[];
  /** Sessions on those. */
  readonly terminatingBusy: number;
  /** Of the sessions on pods that stay: the operator's own, which warm them up. */
  readonly warmupSessions: number;
  /** Of those that stay. */
  readonly protection: Protection;
  /** Pods that ended permanently and are not being deleted. */
  readonly ended: readonly PodView[];
}

/**
 * Whether the API server refuses to size a group, so that its size stays as it is until the next attempt. The size of a Deployment that
 * exists is patched where its template is refused.
 */
export function isHeld({ refusals, groups, nowMs }: Snapshot, { name: groupName, deploymentName }: GroupConfig): boolean {
  const exists = groups.some(({ config, deployment }) => config.name === groupName && deployment.kind === "own");
  return refusals.some(
    ({ verb, plural, name, retryAtMs = 0 }) =>
      plural === "deployments" &&
      verb === (exists ? "patch" : "apply") &&
      (name === "" || name === deploymentName) &&
      nowMs < retryAtMs,
  );
}

/** Sessions and launches of callers on the members that stay. */
export function busyOn(members: Members): number {
  return members.workers.reduce((total, worker) => total + worker.busy, 0) - members.warmupSessions;
}

/** Sessions and launches under way by UID of the pod, of the members that stay. */
export function busyByUid(members: Members): ReadonlyMap<string, number> {
  return new Map(members.workers.map(({ uid, busy }) => [uid, busy]));
}
