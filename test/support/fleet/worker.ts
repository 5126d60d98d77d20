import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Clock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";
import type { LaunchFields } from "./launch-body.ts";
import type { Ledger } from "./ledger.ts";
import type { WorkerProfile } from "./profile.ts";
import type { Failure, LaunchResult, ServedWorker } from "./served-worker.ts";
import { type Task, Tasks } from "./tasks.ts";
import { workerHandler } from "./worker-http.ts";

export interface WorkerOptions {
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly profile: WorkerProfile;
  /** Names of the models in the worker's folder. Absent for engines that accept any image. */
  readonly models?: ReadonlySet<string>;
  readonly clock: Clock;
  readonly ledger: Ledger;
}

/** Delay that the failure `slow` adds to the response of a launch, and thus to the start of its session. */
const SLOW_MS = 5_000;
/** Number of encoded avatars in a worker's cache. */
const AVATAR_CACHE_SIZE = 256;

/**
 * One run of a worker's container: it loads, serves sessions and ends once. It serves the documented HTTP API on a real socket.
 *
 * Every worker has its own listener on its pod's address. One socket on 0.0.0.0 could serve them all, distinguished by the
 * local address. But then the port of a dead pod would still respond, and two fleets could not run at the same time.
 */
export class StandInWorker implements ServedWorker {
  readonly pod: WorkerOptions["pod"];
  readonly profile: WorkerProfile;
  /** Resolves with the reason when the process has ended. */
  readonly exited: Promise<string>;
  failure: Failure = "none";

  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #models: ReadonlySet<string> | undefined;
  readonly #tasks: Tasks;
  readonly #server: Server;
  readonly #resolveExited: (reason: string) => void;
  /** In the order of their first use. */
  readonly #encodedAvatars = new Set<string>();
  readonly #life = new AbortController();
  #state: "loading" | "ready" | "dead" = "loading";
  #exercised = false;
  #url = "";

  /** Listens and starts to load. Rejects if the address is not available. */
  static async start(options: WorkerOptions): Promise<StandInWorker> {
    const worker = new StandInWorker(options);
    await new Promise<void>((resolve, reject) => {
      worker.#server.once("error", reject);
      worker.#server.listen(options.port, options.host, resolve);
    });
    const address = worker.#server.address();
    if (address !== null && typeof address === "object") worker.#url = `http://${address.address}:${address.port}`;
    void worker.#load();
    return worker;
  }

  private constructor(options: WorkerOptions) {
    this.pod = options.pod;
    this.profile = options.profile;
    this.#models = options.models;
    this.#clock = options.clock;
    this.#ledger = options.ledger;
    this.#tasks = new Tasks(options.clock, options.profile, () => this.#ledger.count("sessionsEnded"));
    this.#server = createServer(workerHandler(this));
    const { promise, resolve } = Promise.withResolvers<string>();
    this.exited = promise;
    this.#resolveExited = resolve;
  }

  /** Base address of its HTTP API. */
  get url(): string {
    return this.#url;
  }

  get state(): "loading" | "ready" | "dead" {
    return this.#state;
  }

  get activeSessions(): number {
    return this.#tasks.active;
  }

  get tasks(): readonly Task[] {
    return this.#tasks.list();
  }

  task(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  stopTask(id: string): boolean {
    return this.#tasks.stop(id);
  }

  get refusal(): "not_ready" | "at_capacity" | undefined {
    if (this.#state !== "ready") return "not_ready";
    return this.#tasks.active >= this.profile.maxSessions ? "at_capacity" : undefined;
  }

  countLaunch(): void {
    this.#ledger.count("launches");
  }

  launch(fields: LaunchFields): LaunchResult {
    const reason = this.refusal;
    if (reason !== undefined) {
      this.#ledger.count("refused503");
      return { kind: "refused", reason };
    }
    const { avatar } = fields;
    if (this.#models !== undefined && !(avatar.kind === "id" && this.#models.has(avatar.key))) {
      return { kind: "bad", message: `avatar "${avatar.key}" is not in the model folder` };
    }
    const { promise: running, resolve: onRunning } = Promise.withResolvers<void>();
    const task = this.#tasks.start({
      id: randomUUID(),
      roomName: fields.roomName,
      startMs: this.#startMs(avatar.key),
      // A session of known length has a caller for that time. Any other session counts as abandoned from its first frame.
      lengthMs: fields.sessionMs ?? this.profile.idleTimeoutMs,
      onRunning: () => {
        this.#keepEncoded(avatar.key);
        onRunning();
      },
    });
    this.#exercised = true;
    this.#ledger.count("served");
    return { kind: "accepted", task, running };
  }

  async benchmark(iterations: number): Promise<void> {
    await this.wait(iterations * this.profile.benchmarkIterationMs);
    this.#exercised = true;
  }

  wait(delayMs: number): Promise<void> {
    return sleep(this.#clock, delayMs, this.#life.signal);
  }

  get answerDelayMs(): number {
    return this.failure === "slow" ? SLOW_MS : 0;
  }

  /** Starts a failure of the worker; `none` ends it. A crash happens immediately. */
  fail(failure: Failure): void {
    if (failure === "crash") this.#die("the worker crashed");
    else this.failure = failure;
  }

  /** Ends the process. Running sessions count as killed, with the reason. */
  async stop(reason: string): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.once("close", resolve);
      else resolve();
    });
    this.#die(reason);
    await closed;
  }

  async #load(): Promise<void> {
    await this.wait(this.profile.coldStartMs);
    if (this.#state === "loading") this.#state = "ready";
  }

  #die(reason: string): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#life.abort();
    const { namespace, name } = this.pod;
    for (const { id, roomName } of this.#tasks.kill(reason)) {
      this.#ledger.killed({ pod: `${namespace}/${name}`, roomName, taskId: id, reason, atMs: this.#clock.now() });
    }
    this.#server.close();
    this.#server.closeAllConnections();
    this.#resolveExited(reason);
  }

  #startMs(avatar: string): number {
    const { sessionStartMs, encodingMs, firstSessionMs } = this.profile;
    return sessionStartMs + (this.#encodedAvatars.has(avatar) ? 0 : encodingMs) + (this.#exercised ? 0 : firstSessionMs);
  }

  #keepEncoded(avatar: string): void {
    this.#encodedAvatars.add(avatar);
    if (this.#encodedAvatars.size <= AVATAR_CACHE_SIZE) return;
    for (const oldest of this.#encodedAvatars) {
      this.#encodedAvatars.delete(oldest);
      return;
    }
  }
}
