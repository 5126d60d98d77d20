import { formatDuration } from "../../../operator/api/duration.ts";
import type { KubeClient } from "../../../operator/kube/client.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";
import { backoffMs, type Environment, environmentOf, pullBackOff, pullError, restartDelayMs } from "./container-start.ts";
import { type ContainerState, initialising, type Termination } from "./container-state.ts";
import type { Container, PodIdentity } from "./pod.ts";

export interface Exit {
  readonly exitCode: number;
  readonly message?: string;
}

export interface RunnerOptions {
  readonly container: Container;
  readonly pod: PodIdentity;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Aborts when the pod is deleted: nothing starts afterwards. */
  readonly ending: AbortSignal;
  readonly onState: (state: ContainerState) => void;
}

/** Time for which a failed pull is reported before its back-off. */
const PULL_ERROR_MS = 2_000;
const CONFIG_RETRY_MS = 10_000;
/** A run of this length resets the back-off. */
const STABLE_MS = 600_000;

/** One container of a pod: it is pulled, configured and run. After a failure it restarts with back-off. */
export class ContainerRunner {
  readonly #options: RunnerOptions;
  #state: ContainerState = initialising;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Updates the probe results of a running container. */
  found(change: { readonly started?: boolean; readonly ready?: boolean }): void {
    this.#set({ ...this.#state, ...change });
  }

  /** Reports a container that is not simulated as running. False if the pod ended first. */
  async begin(): Promise<boolean> {
    if ((await this.#prepare()) === undefined) return false;
    this.#running();
    this.found({ started: true, ready: true });
    return true;
  }

  /** Runs the container until it exits with 0. False if the pod ended first. */
  async runUntilSuccess(runOnce: (env: Environment) => Promise<Exit>): Promise<boolean> {
    const { clock, ending } = this.#options;
    let failures = 0;
    for (;;) {
      const env = await this.#prepare();
      if (env === undefined) return false;
      const startedAtMs = this.#running();
      const stable = clock.schedule(STABLE_MS, () => {
        failures = 0;
      });
      const exit = await runOnce(env);
      stable.cancel();
      if (ending.aborted) return false;
      const termination = { ...exit, startedAtMs, finishedAtMs: clock.now() };
      this.#set({ ...this.#state, current: { kind: "terminated", ...termination }, started: false, ready: exit.exitCode === 0 });
      if (exit.exitCode === 0) return true;
      failures += 1;
      await this.#backOff(restartDelayMs(failures), termination);
    }
  }

  async #backOff(delayMs: number, last: Termination): Promise<void> {
    const { container, pod, clock, ending } = this.#options;
    this.#state = { ...this.#state, last, restarts: this.#state.restarts + 1 };
    if (delayMs === 0) return;
    const where = `container=${container.name} pod=${pod.name}_${pod.namespace}(${pod.uid})`;
    this.#wait("CrashLoopBackOff", `back-off ${formatDuration(delayMs)} restarting failed ${where}`);
    await sleep(clock, delayMs, ending);
  }

  /** The steps before the start. Undefined if the pod ended first. */
  async #prepare(): Promise<Environment | undefined> {
    await this.#pull();
    const { client, pod, container, clock, ending } = this.#options;
    while (!ending.aborted) {
      const result = await environmentOf(client, pod.namespace, container, ending).catch((error: unknown) => ({
        error: String(error),
      }));
      if (ending.aborted) break;
      if ("env" in result) return result.env;
      this.#wait("CreateContainerConfigError", result.error);
      await sleep(clock, CONFIG_RETRY_MS, ending);
    }
    return undefined;
  }

  async #pull(): Promise<void> {
    const { container, clock, ending } = this.#options;
    const error = pullError(container);
    if (error === undefined) return;
    for (let tries = 0; !ending.aborted; tries++) {
      this.#wait("ErrImagePull", error);
      await sleep(clock, PULL_ERROR_MS, ending);
      this.#wait("ImagePullBackOff", pullBackOff(container, error));
      await sleep(clock, backoffMs(tries), ending);
    }
  }

  #wait(reason: string, message: string): void {
    this.#set({ ...this.#state, current: { kind: "waiting", reason, message }, started: false, ready: false });
  }

  #running(): number {
    const startedAtMs = this.#options.clock.now();
    this.#set({ ...this.#state, current: { kind: "running", startedAtMs }, started: false, ready: false });
    return startedAtMs;
  }

  #set(state: ContainerState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
