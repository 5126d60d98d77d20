import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { pods } from "../../../operator/kube/resource-types.ts";
import type { KubeObject, ResourceType } from "../../../operator/kube/types.ts";
import { type Clock, systemClock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";
import { drainWorker } from "../../../operator/sidecar/drain-hook.ts";
import { assetsFromEnvironment } from "../../../operator/sidecar/index.ts";
import type { Logger } from "../../../operator/telemetry/logger.ts";
import { ContainerRunner, type Exit } from "./container-runner.ts";
import { type Environment, sandboxError } from "./container-start.ts";
import type { ContainerState } from "./container-state.ts";
import { type Container, engineOfPod, identityOf, isSidecar, type Pod, type PodIdentity, roleOf } from "./pod.ts";
import { type KubeletStatus, kubeletStatus } from "./pod-status.ts";
import type { RunningWorker, StartWorker } from "./running-worker.ts";
import { StatusWriter } from "./status-writer.ts";
import { runWorkerContainer } from "./worker-container.ts";

export interface PodLifeOptions {
  readonly client: KubeClient;
  /** Clock of workers, probes and back-offs. */
  readonly clock: Clock;
  readonly startWorker: StartWorker;
  readonly logger: Logger;
  /** Parent of the pods' separate folders. */
  readonly folder: string;
}

/** The kubelet's reasons. */
const coreEvents: ResourceType = { group: "", version: "v1", kind: "Event", plural: "events" };
const DEFAULT_GRACE_SECONDS = 30;
const DELETE_RETRY_MS = 1_000;

/** Simulates the kubelet for one pod, from its start on the node until its object is removed. */
export class PodLife {
  readonly identity: PodIdentity;
  readonly #options: PodLifeOptions;
  readonly #folder: string;
  readonly #writer: StatusWriter;
  readonly #states = new Map<string, ContainerState>();
  /** Aborts when a deletion is requested: nothing starts afterwards. */
  readonly #ending = new AbortController();
  readonly #graceOver = new AbortController();
  #grace: { readonly seconds: number; cancel(): void } | undefined;
  /** The object no longer exists, so its status cannot be written. */
  #gone = false;
  #pod: Pod;
  #status: KubeletStatus | undefined;
  /** Undefined while no worker process runs. */
  #worker: RunningWorker | undefined;

  constructor(pod: Pod, options: PodLifeOptions) {
    this.identity = identityOf(pod);
    this.#options = options;
    this.#folder = join(options.folder, this.identity.uid);
    this.#writer = new StatusWriter(options.client, this.identity);
    this.#pod = pod;
    this.update(pod);
  }

  /** The object has changed. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata?.deletionTimestamp !== undefined) {
      this.#end(pod.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    }
    // The condition of the warm gate may have changed.
    if (this.#status !== undefined) this.#publish();
    this.#writer.observe(pod);
  }

  /** The object was removed before the pod ended: all its processes end immediately. */
  vanish(): void {
    this.#gone = true;
    this.#end(0);
    this.#graceOver.abort();
  }

  /** Resolves when the pod has ended and its object is removed. */
  async run(): Promise<void> {
    const containers = this.#runContainers().catch((error: unknown) => {
      this.#options.logger.error({ pod: this.identity.name, err: error }, "the pod cannot be run");
    });
    await aborted(this.#ending.signal);
    const reason = await this.#drain();
    await this.#worker?.stop(reason, this.#graceOver.signal);
    this.#grace?.cancel();
    await containers;
    await this.#writer.close();
    await rm(this.#folder, { recursive: true, force: true });
    await this.#deleteObject();
  }

  /** A second deletion may shorten the grace period. */
  #end(graceSeconds: number): void {
    if (this.#grace?.seconds !== graceSeconds) {
      this.#grace?.cancel();
      const timer = this.#options.clock.schedule(graceSeconds * 1_000, () => this.#graceOver.abort());
      this.#grace = { seconds: graceSeconds, cancel: () => timer.cancel() };
    }
    this.#ending.abort();
  }

  /** Simulates the preStop hook. @returns the reason for stopping the worker, in case a session still runs. */
  async #drain(): Promise<string> {
    const hook = this.#pod.spec?.containers.some(({ lifecycle }) => lifecycle?.preStop?.httpGet !== undefined);
    if (hook && this.#worker !== undefined) {
      const { clock } = this.#options;
      const deadlineMs = clock.now() + drainLimitMs(this.#pod);
      const outcome = await drainWorker({ workerUrls: [this.#worker.url], clock, deadlineMs, signal: this.#graceOver.signal });
      if (outcome === "expired") return "the pod was deleted, and drain.timeout was over";
      if (outcome !== "aborted") return "the pod was deleted, and a session began after its drain";
    }
    if (this.#gone || this.#grace?.seconds === 0) return "the pod was deleted by force";
    if (!hook) return "the pod was deleted, and has no preStop hook";
    return `the pod was deleted, and its grace period of ${this.#grace?.seconds} s was over`;
  }

  async #deleteObject(): Promise<void> {
    const { client, logger } = this.#options;
    const { uid } = this.identity;
    while (!this.#gone) {
      try {
        await client.delete(pods, this.identity, { uid, gracePeriodSeconds: 0 });
        return;
      } catch (error) {
        logger.warn({ pod: this.identity.name, err: error }, "cannot delete the pod yet");
        await sleep(systemClock, DELETE_RETRY_MS);
      }
    }
  }

  async #runContainers(): Promise<void> {
    const error = sandboxError(this.#pod);
    if (error !== undefined) return this.#cannotStart("FailedCreatePodSandBox", error);
    for (const container of this.#pod.spec?.initContainers ?? []) {
      const runner = this.#runner(container);
      const go = isSidecar(container) ? await runner.begin() : await runner.runUntilSuccess((env) => this.#runInit(container, env));
      if (!go) return;
    }
    await Promise.all(
      (this.#pod.spec?.containers ?? []).map((container) => {
        const runner = this.#runner(container);
        const engine = engineOfPod(this.#pod);
        if (engine === undefined || roleOf(this.#pod, container) !== "worker") return runner.begin();
        void this.#report("Normal", "Pulled", `Container image "${container.image}" already present on machine`, container).catch(
          (error: unknown) => this.#options.logger.warn({ pod: this.identity.name, err: error }, "cannot report the pull"),
        );
        return runner.runUntilSuccess((env) =>
          runWorkerContainer({
            ...this.#options,
            container,
            engine,
            env,
            pod: this.identity,
            podIP: this.#pod.status?.podIP ?? "",
            folder: this.#folder,
            ending: this.#ending.signal,
            graceOver: this.#graceOver.signal,
            onWorker: (worker) => {
              this.#worker = worker;
            },
            onProbed: (found) => runner.found(found),
          }),
        );
      }),
    );
  }

  /** The pod's status does not change. Only an event has the reason. */
  async #cannotStart(reason: string, message: string): Promise<void> {
    this.#publish();
    await this.#report("Warning", reason, message);
  }

  /** @param container that the event is about; undefined: the whole pod. */
  async #report(type: string, reason: string, message: string, container?: Container): Promise<void> {
    const { namespace, name, uid } = this.identity;
    await this.#options.client.create(coreEvents, {
      metadata: { namespace, generateName: `${name}-` },
      involvedObject: {
        ...{ apiVersion: "v1", kind: "Pod", namespace, name, uid },
        ...(container && { fieldPath: `spec.containers{${container.name}}` }),
      },
      type,
      reason,
      message,
      lastTimestamp: new Date().toISOString().replace(/[.][0-9]+Z$/, "Z"),
    } as KubeObject);
  }

  #runner(container: Container): ContainerRunner {
    const { client, clock } = this.#options;
    return new ContainerRunner({
      container,
      pod: this.identity,
      client,
      clock,
      ending: this.#ending.signal,
      onState: (state) => {
        this.#states.set(container.name, state);
        this.#publish();
      },
    });
  }

  #publish(): void {
    if (this.#gone) return;
    this.#status = kubeletStatus(this.#pod, this.#states, this.#options.clock.now(), this.#status);
    this.#writer.publish(this.#status);
  }

  /** Downloads the models into the pod's folder. Other init containers do nothing here. */
  async #runInit(container: Container, env: Environment): Promise<Exit> {
    if (roleOf(this.#pod, container) !== "fetch-assets") return { exitCode: 0 };
    try {
      await mkdir(this.#folder, { recursive: true });
      await assetsFromEnvironment({ ...env, AVATARPOOL_ASSETS_DIR: this.#folder }, systemClock, this.#ending.signal);
      return { exitCode: 0 };
    } catch (error) {
      return { exitCode: 1, message: error instanceof Error ? error.message : String(error) };
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** As the hook's container has it in its environment. */
function drainLimitMs({ spec }: Pod): number {
  const variables = spec?.initContainers?.flatMap(({ env }) => env ?? []);
  const seconds = variables?.find(({ name }) => name === "AVATARPOOL_DRAIN_TIMEOUT_SECONDS")?.value;
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1_000;
}
