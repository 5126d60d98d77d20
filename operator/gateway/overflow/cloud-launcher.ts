import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import type { GatewayMetrics } from "../../telemetry/metrics.ts";
import { type WorkerAnswer, workerMessage } from "../../workers/answers.ts";
import { LAUNCH_TIMEOUT_MS } from "../../workers/client.ts";
import type { KeptSecrets } from "../admission/kept-secrets.ts";
import { type LaunchError, overflowUnclear } from "../errors.ts";
import type { Flight } from "../launch/send-launch.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import { type Cloud, type CloudLaunch, CloudUnreachable } from "./cloud.ts";
import type { CloudBreaker } from "./cloud-breaker.ts";
import type { CloudSessions } from "./cloud-sessions.ts";
import { type CloudVerdict, judgeCloud } from "./judge.ts";

/** How long a launch whose answer was lost is not sent again: clients retry for seconds. */
const DOUBT_MS = 60_000;
const MAX_DOUBTS = 1_000;

/** What the log is told. Names of rooms are the client's. */
export interface OverflowNews {
  readonly namespace: string;
  readonly pool: string;
  readonly room: string;
  readonly error: OverflowErrorKind;
  /** The cloud's own words, without secrets of ours; empty where it said nothing. */
  readonly words: string;
}

export interface CloudLauncherDeps {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly secrets: Pick<KeptSecrets, "values">;
  readonly metrics: Pick<GatewayMetrics, "overflowErrors">;
  readonly sessions: Pick<CloudSessions, "avatarIn">;
  readonly tell: (news: OverflowNews) => void;
}

/** A place among the sessions that this gateway may have in the cloud. */
export interface CloudReservation {
  readonly breaker: CloudBreaker;
  /** Nothing began. */
  readonly release: () => void;
}

export type Sent =
  /** `at`: where the session runs that another gateway began. */
  | { readonly kind: "served"; readonly answer: WorkerAnswer; readonly at?: SessionLocation }
  /** Nothing began: the place is free again. */
  | { readonly kind: "refused"; readonly error: OverflowErrorKind };

/** Sends launches to the maker's cloud, each once, and remembers those whose answer was lost. */
export class CloudLauncher {
  readonly #deps: CloudLauncherDeps;
  /** By launch; oldest first. */
  readonly #doubts = new Map<string, { readonly error: LaunchError; readonly untilMs: number }>();

  constructor(deps: CloudLauncherDeps) {
    this.#deps = deps;
  }

  /** @throws LaunchError `overflow_unclear` when a session may have begun. */
  async send(flight: Flight, place: CloudReservation, body: string): Promise<Sent> {
    const { pool, request, trace } = flight;
    const sentMs = this.#deps.clock.now();
    const secret = request.apiSecret ?? (await this.#secret(flight));
    if (secret === undefined) return this.#refused(flight, place, "secret_unreadable", "");
    const { verdict, words } = await this.#ask({ url: pool.overflow?.url ?? "", secret, body }, request.livekitToken);
    trace.forwardMs += this.#deps.clock.now() - sentMs;
    switch (verdict.kind) {
      case "accepted":
        place.breaker.close();
        // The pool had no slot for it: the operator sizes it by that, as by a launch that was refused.
        flight.met("refused");
        trace.path = "overflow";
        trace.worker = "";
        return { kind: "served", answer: pending(request.roomName) };
      case "refused":
        return this.#refused(flight, place, verdict.error, words, verdict.retryAfterMs);
      case "unclear": {
        trace.path = "overflow";
        place.breaker.failed("unclear");
        this.#note(flight, "unclear", words);
        throw this.#doubt(flight.keys.launch);
      }
    }
  }

  doubts(launch: string): boolean {
    return (this.#doubts.get(launch)?.untilMs ?? 0) > this.#deps.clock.now();
  }

  /**
   * Looks in its room for a launch whose answer was lost.
   * @returns the answer of the session that was found; undefined where nothing is known against the launch.
   * @throws LaunchError `overflow_unclear` while a session may have begun and is not seen.
   */
  async settle({ keys, pool, request }: Flight): Promise<WorkerAnswer | undefined> {
    const { launch, agent } = keys;
    const doubt = this.#doubts.get(launch);
    if (doubt === undefined) return undefined;
    if (doubt.untilMs > this.#deps.clock.now()) {
      const seen = await this.#deps.sessions.avatarIn(pool, { room: request.roomName, livekitUrl: request.livekitUrl, agent });
      if (seen !== true) throw doubt.error;
      // From here on the answer is remembered with its session.
      this.#doubts.delete(launch);
      return pending(request.roomName);
    }
    this.#doubts.delete(launch);
    return undefined;
  }

  async #secret({ pool }: Flight): Promise<string | undefined> {
    const { name, key } = pool.apiSecretRef;
    try {
      const [secret] = await this.#deps.secrets.values({ namespace: pool.namespace, name }, [key]);
      return secret;
    } catch {
      return undefined;
    }
  }

  async #ask(launch: CloudLaunch, token: string): Promise<{ readonly verdict: CloudVerdict; readonly words: string }> {
    const { clock, cloud } = this.#deps;
    try {
      const answer = await withDeadline(clock, LAUNCH_TIMEOUT_MS, (signal) => cloud.launch(launch, signal));
      const words = workerMessage({ status: answer.status, contentType: "", body: answer.text }, [launch.secret, token]);
      return { verdict: judgeCloud(answer), words: `${answer.status} ${words}`.trimEnd() };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (!(error instanceof CloudUnreachable)) return { verdict: { kind: "unclear" }, words };
      const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
      return { verdict: { kind: "refused", error: "unreachable", retryAfterMs: undefined }, words: `${words}${cause}` };
    }
  }

  #refused(flight: Flight, place: CloudReservation, error: OverflowErrorKind, words: string, retryAfterMs?: number): Sent {
    place.release();
    // What the cloud says of one launch, or of somebody else's account, keeps no other launch from it.
    if (error === "rejected" || (flight.request.apiSecret !== undefined && isAccounts(error))) place.breaker.withdrawn();
    else place.breaker.failed(error, retryAfterMs);
    this.#note(flight, error, words);
    return { kind: "refused", error };
  }

  #note({ pool, request }: Flight, error: OverflowErrorKind, words: string): void {
    const { namespace, name } = pool;
    this.#deps.metrics.overflowErrors.inc({ namespace, pool: name, reason: error });
    this.#deps.tell({ namespace, pool: name, room: request.roomName, error, words });
  }

  #doubt(launch: string): LaunchError {
    const error = overflowUnclear(DOUBT_MS / 1_000);
    this.#doubts.delete(launch);
    this.#doubts.set(launch, { error, untilMs: this.#deps.clock.now() + DOUBT_MS });
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size > MAX_DOUBTS && oldest !== undefined) this.#doubts.delete(oldest);
    return error;
  }
}

function isAccounts(error: OverflowErrorKind): boolean {
  return error === "unauthorized" || error === "no_credits" || error === "concurrency_limit";
}

/** Our own answer: the cloud's may hold what is not for the client. */
function pending(room: string): WorkerAnswer {
  return { status: 200, contentType: "application/json", body: JSON.stringify({ status: "pending", room_name: room }) };
}
