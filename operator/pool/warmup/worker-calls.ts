import type { Engine } from "../../engines/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { sessionsIn, type WorkerAnswer } from "../../workers/answers.ts";
import { type PostBody, type WorkerClient, WorkerUnreachable } from "../../workers/client.ts";
import { encodeForm } from "../../workers/form.ts";

const QUERY_TIMEOUT_MS = 2_000;

const nothing = encodeForm({ fields: {} });

export interface WorkerCall {
  readonly method: "GET" | "POST";
  readonly origin: string;
  readonly path: string;
  readonly timeoutMs: number;
  readonly body?: PostBody;
  readonly signal?: AbortSignal;
}

/** The operator's requests to a worker: warm-up calls and the list of sessions. */
export class WorkerCalls {
  readonly #client: WorkerClient;
  readonly #clock: Clock;

  constructor(client: WorkerClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws WorkerUnreachable, a TimeoutError, or the connection's error. */
  call({ method, origin, path, timeoutMs, body = nothing, signal }: WorkerCall): Promise<WorkerAnswer> {
    const send = (limited: AbortSignal) =>
      method === "GET" ? this.#client.get(origin, path, limited) : this.#client.post(origin, path, body, limited);
    return withDeadline(this.#clock, timeoutMs, send, signal);
  }

  /** Whether a worker certainly has no session: it reports none, or no process listens at its address. */
  async isEmpty(origin: string, engine: Engine): Promise<boolean> {
    try {
      const answer = await this.call({ method: "GET", origin, path: engine.paths.sessions, timeoutMs: QUERY_TIMEOUT_MS });
      return sessionsIn(answer, engine) === 0;
    } catch (error) {
      return error instanceof WorkerUnreachable && error.refused;
    }
  }
}
