import type { EventsV1Event, V1Deployment, V1Pod } from "@kubernetes/client-node";
import { stringify } from "yaml";
import { annotations, labels } from "../../../operator/api/names.ts";
import type { AvatarPoolStatus } from "../../../operator/api/v1alpha1/index.ts";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { avatarPools, deployments, events, pods } from "../../../operator/kube/resource-types.ts";
import type { Json, KubeObject } from "../../../operator/kube/types.ts";
import { type ControlPlane, until } from "../controlplane/index.ts";
import { type Answer, type LaunchOptions, launchAt, SECRET_VALUE } from "./launch.ts";
import { poolObject } from "./pool-object.ts";

/** Long, so that a busy machine fails no test. */
const LIMIT_MS = 60_000;

export type Pool = KubeObject & { readonly status?: AvatarPoolStatus };
export type Deployment = Json<V1Deployment>;
export type Pod = Json<V1Pod>;

export interface Wanted {
  readonly status?: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: RegExp;
}

/** A gateway, or a Service of gateways. */
interface ScenarioGateway {
  readonly url: string;
  readonly process: { readonly running: boolean };
}

/** The parts of a stage that every scenario uses. */
export interface Surroundings {
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly gateways: readonly ScenarioGateway[];
}

/** One pool, named `pool`, in its own namespace. Tests use it as its user does: with kubectl, objects and HTTP. */
export class PoolScenario {
  readonly namespace: string;
  readonly #stage: Surroundings;

  constructor(stage: Surroundings, namespace: string) {
    this.#stage = stage;
    this.namespace = namespace;
  }

  /** Runs kubectl in the namespace. @throws Error with its output if it fails. */
  async kubectl(args: readonly string[], stdin?: string): Promise<string> {
    const options = stdin === undefined ? {} : { stdin };
    const { code, stdout, stderr } = await this.#stage.plane.kubectl(["--namespace", this.namespace, ...args], options);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Creates the namespace, by default with the maker's Secret. */
  async createNamespace({ secret = true }: { readonly secret?: boolean }): Promise<this> {
    await this.kubectl(["create", "namespace", this.namespace]);
    if (secret) await this.createSecret();
    return this;
  }

  createSecret(key = "api-secret"): Promise<string> {
    return this.kubectl(["create", "secret", "generic", "bithuman", `--from-literal=${key}=${SECRET_VALUE}`]);
  }

  /** Applies the default pool of scenarios. `spec` overrides its fields. */
  async pool(spec: object = {}): Promise<void> {
    await this.kubectl(["apply", "-f", "-"], stringify(poolObject(spec)));
  }

  /** Like {@link pool}, but resolves once the operator has updated the Deployments to this spec. */
  async changePool(spec: object): Promise<void> {
    await this.pool(spec);
    await this.until("the operator to observe the spec", async () => {
      const { metadata, status } = (await this.getPool()) ?? {};
      return status?.observedGeneration === metadata?.generation;
    });
  }

  /** Applies the pool. Resolves once every gateway accepts launches of every preset. */
  async readyPool(spec: object = {}): Promise<void> {
    await this.pool(spec);
    await this.condition("Ready", { status: "True" });
    // After an API server outage each watch has its own backoff: the operator's may reconnect before a gateway's.
    for (const gateway of this.#stage.gateways.filter(({ process }) => process.running)) {
      await this.until(`${gateway.url} to observe the pool`, () => this.#isKnownTo(gateway));
    }
  }

  /** A launch without a room starts nothing: 400 from a gateway that has observed the pool, else 404. */
  async #isKnownTo(gateway: ScenarioGateway): Promise<boolean> {
    return (await this.launch({ fields: { room_name: undefined } }, gateway)).status === 400;
  }

  async deletePool(): Promise<void> {
    await this.kubectl(["delete", "avatarpool", "pool", "--wait=false"]);
  }

  getPool(): Promise<Pool | undefined> {
    return this.#stage.client.get<Pool>(avatarPools, { namespace: this.namespace, name: "pool" });
  }

  async status(): Promise<AvatarPoolStatus> {
    return (await this.getPool())?.status ?? {};
  }

  deployment(group = "gpu"): Promise<Deployment | undefined> {
    return this.#stage.client.get<Deployment>(deployments, { namespace: this.namespace, name: `pool-${group}` });
  }

  async replicas(group = "gpu"): Promise<number | undefined> {
    return (await this.deployment(group))?.spec?.replicas;
  }

  async pods(group?: string): Promise<readonly Pod[]> {
    const labelSelector = group === undefined ? `${labels.pool}=pool` : `${labels.pool}=pool,${labels.group}=${group}`;
    return (await this.#stage.client.list<Pod>(pods, { namespace: this.namespace, labelSelector })).items;
  }

  async podNames(group?: string): Promise<readonly string[]> {
    return (await this.pods(group)).map(({ metadata }) => metadata?.name ?? "").sort();
  }

  /** Fails a pod as a kubelet does that evicts or does not admit it. The worker ends, and the Pod object remains. */
  async failPod(name: string, reason: string, message: string): Promise<void> {
    const status = { phase: "Failed", reason, message };
    await this.#stage.client.mergePatch(pods, { namespace: this.namespace, name }, { status }, { subresource: "status" });
  }

  /** Names of the cordoned pods without deletion timestamp. */
  async cordonedPods(): Promise<readonly string[]> {
    const marked = (await this.pods()).filter(
      ({ metadata }) => metadata?.annotations?.[annotations.cordoned] !== undefined && metadata.deletionTimestamp === undefined,
    );
    return marked.map(({ metadata }) => metadata?.name ?? "");
  }

  async events(reason: string): Promise<readonly Json<EventsV1Event>[]> {
    const { items } = await this.#stage.client.list<Json<EventsV1Event>>(events, { namespace: this.namespace });
    return items.filter((event) => event.reason === reason && event.regarding?.kind === "AvatarPool");
  }

  /** Waits until the condition matches. @returns its message. */
  async condition(type: string, wanted: Wanted): Promise<string> {
    let message = "";
    await this.until(`condition ${type} ${JSON.stringify({ ...wanted, message: wanted.message?.source })}`, async () => {
      const found = (await this.status()).conditions?.find((condition) => condition.type === type);
      message = found?.message ?? "";
      return (
        found !== undefined &&
        (wanted.status === undefined || found.status === wanted.status) &&
        (wanted.reason === undefined || found.reason === wanted.reason) &&
        (wanted.message === undefined || wanted.message.test(found.message))
      );
    });
    return message;
  }

  /** Waits for an event about the pool whose note matches. */
  async event(reason: string, note: RegExp = /./): Promise<void> {
    await this.until(`an event ${reason} with ${note.source}`, async () =>
      (await this.events(reason)).some((event) => note.test(event.note ?? "")),
    );
  }

  /** @throws after a minute, with the pool's status and its pods. */
  async until(what: string, probe: () => Promise<boolean> | boolean): Promise<void> {
    try {
      await until(what, LIMIT_MS, async () => probe());
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.#describe()}`, { cause: error });
    }
  }

  launch(options: LaunchOptions = {}, gateway = this.#stage.gateways[0]): Promise<Answer> {
    return launchAt(`${gateway?.url}/${this.namespace}/pool/launch`, options);
  }

  async #describe(): Promise<string> {
    const pool = await this.getPool().catch(String);
    const members = await this.pods().catch(() => []);
    const lines = members.map(({ metadata, status }) => `${metadata?.name} ${status?.phase} ${conditionsOf(status?.conditions)}`);
    return [stringify(typeof pool === "string" ? pool : (pool?.status ?? "no pool")), ...lines].join("\n");
  }
}

function conditionsOf(conditions: readonly { readonly type?: string; readonly status?: string }[] = []): string {
  return conditions.map(({ type, status }) => `${type}=${status}`).join(" ");
}
