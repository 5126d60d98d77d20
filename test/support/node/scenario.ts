import { httpOrigin } from "../../../operator/api/http-origin.ts";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { pods } from "../../../operator/kube/resource-types.ts";
import type { ControlPlane } from "../controlplane/index.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../livekit/server.ts";
import type { Callers, PluginLaunch, Shown } from "../media/callers.ts";
import type { WorkerTask } from "../media/scenario.ts";
import { SECRET_VALUE } from "../scenario/launch.ts";
import { type Pod, PoolScenario } from "../scenario/pool-scenario.ts";

interface Surroundings {
  readonly callers: Callers;
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly gatewayUrl: string;
}

const WORKER_PORT = 8089;
/** Shell: the containers of a pod share its processes. The pattern does not match the command line of the shell itself. */
const WORKER_PROCESSES = "cd /proc && grep -la essence_worke[r] [0-9]*/cmdline | cut -d/ -f1";

/** One pool, named `pool`, whose workers are containers. */
export class NodeScenario extends PoolScenario {
  readonly gatewayUrl: string;
  readonly #callers: Callers;
  readonly #client: KubeClient;

  constructor({ callers, plane, client, gatewayUrl }: Surroundings, namespace: string) {
    super({ plane, client, gateways: [{ url: gatewayUrl, process: { running: true } }] }, namespace);
    this.gatewayUrl = gatewayUrl;
    this.#callers = callers;
    this.#client = client;
  }

  async createLivekitKey(): Promise<void> {
    const literals = [`--from-literal=api-key=${LIVEKIT_KEY}`, `--from-literal=api-secret=${LIVEKIT_SECRET}`];
    await this.kubectl(["create", "secret", "generic", "livekit", ...literals]);
  }

  /** Applies the pool. Resolves once all workers that it wants are warm, and the gateways know the pool. */
  async warmPool(spec: object): Promise<void> {
    await this.pool(spec);
    await this.until("all workers to be warm", async () => {
      const { groups = [] } = await this.status();
      return groups.length > 0 && groups.every(({ desired, warm }) => desired > 0 && warm === desired);
    });
    await this.readyPool(spec);
  }

  /** A launch by the maker's plugin, to the gateways' Service. Resolves when a viewer has the first frame. */
  async call(room: string, launch: Partial<PluginLaunch> = {}): Promise<Shown> {
    const url = `${this.gatewayUrl}/${this.namespace}/pool/launch`;
    await this.#callers.join(room, "agent");
    const defaults = { room, agent: "agent", url, secret: SECRET_VALUE, model: "essence", avatar_id: "maya" } as const;
    return this.#callers.launch({ ...defaults, ...launch });
  }

  /** The worker's session of a room ends. @returns when, in ms since 1970. */
  async end(room: string): Promise<number> {
    const found = (await this.activeTasks()).find(({ room_name: name }) => name === room);
    if (found === undefined) throw new Error(`no worker has a session in ${room}`);
    await this.#ask(found.pod, `/tasks/${found.task_id}/stop`, "POST");
    return Date.now();
  }

  /** The sessions of these rooms end, and all leave them. */
  async hangUp(...rooms: readonly string[]): Promise<void> {
    await Promise.all(rooms.map((room) => this.end(room)));
    await Promise.all(rooms.map((room) => this.#callers.hangUp(room)));
  }

  /** The pods of the pool in which a worker answers. */
  async workerPods(group?: string): Promise<readonly Pod[]> {
    return (await this.pods(group)).filter(({ status }) => status?.phase === "Running" && status.podIP !== undefined);
  }

  /** The sessions that workers list, also ended ones. A worker that does not answer has none. */
  async tasks(): Promise<readonly WorkerTask[]> {
    const names = (await this.workerPods()).map(({ metadata }) => metadata?.name ?? "");
    const lists = names.map(async (pod) => {
      const answer = await this.#ask(pod, "/tasks").catch(() => undefined);
      const { tasks = [] } = ((await answer?.json()) ?? {}) as { readonly tasks?: readonly Omit<WorkerTask, "pod">[] };
      return tasks.map((task) => ({ ...task, pod }));
    });
    return (await Promise.all(lists)).flat();
  }

  async activeTasks(): Promise<readonly WorkerTask[]> {
    return (await this.tasks()).filter(({ state }) => isActive(state));
  }

  /** Deletes a pod as `kubectl delete pod` does. @returns when, in ms since 1970. */
  async deletePod(name: string): Promise<number> {
    const atMs = Date.now();
    await this.#client.delete(pods, { namespace: this.namespace, name }, {});
    return atMs;
  }

  /** Runs a program in a pod's worker. */
  exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.kubectl(["exec", pod, "--container=worker", "--", ...command]);
  }

  /** Sends a signal to the process of a pod's worker. */
  async signal(pod: string, name: "STOP" | "CONT" | "KILL"): Promise<void> {
    await this.exec(pod, "sh", "-c", `kill -${name} $(${WORKER_PROCESSES})`);
  }

  /** Undefined if the pod is gone. */
  async pod(name: string): Promise<Pod | undefined> {
    return (await this.pods()).find(({ metadata }) => metadata?.name === name);
  }

  /** IP address of a pod. */
  async address(name: string): Promise<string> {
    return (await this.pod(name))?.status?.podIP ?? "";
  }

  async #ask(pod: string, path: string, method = "GET"): Promise<Response> {
    return fetch(`${httpOrigin(await this.address(pod), WORKER_PORT)}${path}`, { method, signal: AbortSignal.timeout(5_000) });
  }
}

function isActive(state: WorkerTask["state"]): boolean {
  return state === "pending" || state === "running";
}
