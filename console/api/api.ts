import {
  consolePaths,
  type DecisionDetail,
  type History,
  type ReplayInputs,
  type SessionsPage,
  type TestLaunch,
  type TestLaunchResult,
  type Viewer,
} from "../../operator/api/console.ts";
import { messageOf } from "../stream/connection.ts";

/** Longer than the operator needs; a test launch may take five minutes. */
const TIMEOUT_MS = 30_000;
const LAUNCH_TIMEOUT_MS = 330_000;

/** The operator rejected a request, or did not respond. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Undefined without a response. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface ApiDeps {
  readonly fetch: typeof fetch;
  readonly token: () => string | undefined;
  readonly onSignedOut: (message: string) => void;
}

interface Options {
  readonly method?: "POST" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** The requests of the console. Each method throws {@link ApiError}. Pools are `NAMESPACE/NAME`. */
export class Api {
  readonly #deps: ApiDeps;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  viewer(): Promise<Viewer> {
    return this.viewerOf(this.#deps.token());
  }

  /** The viewer of another token, or of the one that a proxy adds. */
  async viewerOf(token: string | undefined): Promise<Viewer> {
    const response = await this.#send(consolePaths.viewer, token);
    return response.json();
  }

  sessions(pool: string, signal?: AbortSignal): Promise<SessionsPage> {
    return this.#json(ofPool(consolePaths.sessions, pool), { ...(signal && { signal }) });
  }

  async stopSessions(pool: string, room: string): Promise<void> {
    await this.#request(`${ofPool(consolePaths.sessions, pool)}/${encodeURIComponent(room)}`, { method: "DELETE" });
  }

  history(pool: string, fromMs: number, toMs: number, signal?: AbortSignal): Promise<History> {
    const query = new URLSearchParams({ from: String(fromMs), to: String(toMs) });
    return this.#json(`${ofPool(consolePaths.history, pool)}?${query}`, { ...(signal && { signal }) });
  }

  decision(pool: string, id: string, signal?: AbortSignal): Promise<DecisionDetail> {
    return this.#json(ofPool(consolePaths.decision, pool).replace("{id}", encodeURIComponent(id)), { ...(signal && { signal }) });
  }

  replay(pool: string, signal?: AbortSignal): Promise<ReplayInputs> {
    return this.#json(ofPool(consolePaths.replay, pool), { ...(signal && { signal }) });
  }

  launch(pool: string, launch: TestLaunch, signal?: AbortSignal): Promise<TestLaunchResult> {
    const options = { method: "POST", body: launch, timeoutMs: LAUNCH_TIMEOUT_MS, ...(signal && { signal }) } as const;
    return this.#json(ofPool(consolePaths.launch, pool), options);
  }

  async #json<T>(path: string, options: Options): Promise<T> {
    const response = await this.#request(path, options);
    return response.json();
  }

  async #request(path: string, options: Options): Promise<Response> {
    try {
      return await this.#send(path, this.#deps.token(), options);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#deps.onSignedOut(error.message);
      throw error;
    }
  }

  async #send(path: string, token: string | undefined, options: Options = {}): Promise<Response> {
    const { method = "GET", body, signal, timeoutMs = TIMEOUT_MS } = options;
    const signals = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
    const response = await this.#deps
      .fetch(path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        signal: AbortSignal.any(signals),
        cache: "no-store",
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      .catch((error: Error) => {
        signal?.throwIfAborted();
        throw new ApiError(`the operator cannot be reached (${error.message}): retry in a few seconds`);
      });
    if (!response.ok) throw new ApiError(await messageOf(response), response.status);
    return response;
  }
}

function ofPool(path: string, pool: string): string {
  return path.replace("{pool}", pool.split("/").map(encodeURIComponent).join("/"));
}
