import { RoomServiceClient } from "livekit-server-sdk";
import { LIVEKIT_KEY, LIVEKIT_SECRET, type LivekitServer } from "../livekit/server.ts";
import { type ModelServer, PoolScenario, SECRET_VALUE } from "../scenario/index.ts";
import type { Surroundings } from "../scenario/pool-scenario.ts";
import type { Callers, PluginLaunch, Shown } from "./callers.ts";
import type { WorkerProcess } from "./worker-process.ts";
import type { Workers } from "./workers.ts";

interface MediaSurroundings extends Surroundings {
  readonly workers: Workers;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
}

/** A session as its worker lists it. */
export interface WorkerTask {
  readonly task_id: string;
  readonly room_name: string;
  readonly state: "pending" | "running" | "completed" | "failed" | "cancelled";
  /** Why it has ended. */
  readonly reason: string | null;
  /** Name of the worker's pod. */
  readonly pod: string;
}

/** A launch of the pool. Defaults: preset `maya`, agent `agent`, the JSON dialect, the first gateway. */
export interface Call extends Partial<Pick<PluginLaunch, "agent" | "model" | "image">> {
  /** Where the caller finds a gateway. */
  readonly gateway?: { readonly url: string } | undefined;
  /** Address of a worker's launches, for a call without a gateway. */
  readonly launchUrl?: string;
}

/** A scenario with real workers, rooms and callers. */
export class MediaScenario extends PoolScenario {
  readonly #stage: MediaSurroundings;
  readonly #rooms: RoomServiceClient;

  constructor(stage: MediaSurroundings, namespace: string) {
    super(stage, namespace);
    this.#stage = stage;
    this.#rooms = new RoomServiceClient(stage.livekit.url.replace("ws://", "http://"), LIVEKIT_KEY, LIVEKIT_SECRET);
  }

  async createLivekitKey(): Promise<void> {
    const literals = [`--from-literal=api-key=${LIVEKIT_KEY}`, `--from-literal=api-secret=${LIVEKIT_SECRET}`];
    await this.kubectl(["create", "secret", "generic", "livekit", ...literals]);
  }

  /** Applies a pool with preset `maya` on `workers` CPU workers of two sessions each. Resolves once all are warm. */
  async warmPool(workers: number, spec: object = {}, group: object = {}): Promise<void> {
    await this.pool(this.spec({ min: workers, max: workers, ...group }, spec));
    await this.warm(workers);
    await this.readyPool(this.spec({ min: workers, max: workers, ...group }, spec));
  }

  /** The spec of a pool with one CPU group. Both arguments override fields. */
  spec(group: object, spec: object = {}): object {
    return {
      presets: [{ name: "maya", model: { url: this.#stage.models.put("/maya.imx", "a test card needs no model") } }],
      workers: [testCardGroup({ name: "cpu", engine: "essence", image: "registry.test/essence-worker:1", ...group })],
      ...spec,
    };
  }

  warm(workers: number): Promise<void> {
    return this.until(`${workers} warm workers`, async () => (await this.status()).groups?.[0]?.warm === workers);
  }

  /** Joins the room and launches. @throws with the plugin's error if it gives up. */
  async call(room: string, { gateway = this.#stage.gateways[0], launchUrl, ...call }: Call = {}): Promise<Shown> {
    const { agent = "agent" } = call;
    const url = launchUrl ?? `${gateway?.url}/${this.namespace}/pool/launch`;
    await this.#stage.callers.join(room, agent);
    const avatar = "image" in call ? {} : { avatar_id: "maya" };
    return this.#stage.callers.launch({ room, agent, url, secret: SECRET_VALUE, model: "essence", ...avatar, ...call });
  }

  /** The workers that run in this namespace. */
  workers(): readonly WorkerProcess[] {
    return this.#stage.workers.running().filter(({ pod }) => pod.namespace === this.namespace);
  }

  /** The sessions of all workers that run, also ended ones. */
  async tasks(): Promise<readonly WorkerTask[]> {
    const lists = this.workers().map(async ({ url, pod }) => {
      const response = await fetch(`${url}/tasks`, { signal: AbortSignal.timeout(5_000) });
      const { tasks } = (await response.json()) as { readonly tasks: readonly Omit<WorkerTask, "pod">[] };
      return tasks.map((task) => ({ ...task, pod: pod.name }));
    });
    return (await Promise.all(lists)).flat();
  }

  async activeTasks(): Promise<readonly WorkerTask[]> {
    return (await this.tasks()).filter(({ state }) => state === "pending" || state === "running");
  }

  /** The workers end all sessions. */
  async endSessions(): Promise<void> {
    const active = await this.activeTasks();
    const urlOf = (name: string) => this.workers().find(({ pod }) => pod.name === name)?.url;
    await Promise.all(active.map(({ pod, task_id: id }) => fetch(`${urlOf(pod)}/tasks/${id}/stop`, { method: "POST" })));
  }

  /** Identities of the participants of a room, as the LiveKit server lists them. */
  async participants(room: string): Promise<readonly string[]> {
    return (await this.#rooms.listParticipants(room)).map(({ identity }) => identity).sort();
  }
}

/** A group whose workers draw small test cards. The workers of an expression group are the same processes: they accept images. */
export function testCardGroup(group: object): object {
  const env = { ESSENCE_RENDERER: "testcard", ESSENCE_TESTCARD_SIZE: "256" };
  return {
    sessionsPerWorker: 2,
    coldStart: "3s",
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    ...group,
  };
}
