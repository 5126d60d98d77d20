import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { SecretLookup } from "../../kube/secret-lookup.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import { type WorkerAnswer, workerMessage } from "../../workers/answers.ts";
import { LAUNCH_TIMEOUT_MS } from "../../workers/client.ts";
import { type LaunchError, overflowUnclear } from "../errors.ts";
import { type Cloud, type CloudLaunch, CloudUnreachable } from "./cloud.ts";
import type { CloudBreaker } from "./cloud-breaker.ts";
import type { BegunInCloud, CloudSessions } from "./cloud-sessions.ts";
import { type CloudVerdict, judgeCloud } from "./judge.ts";
import type { OverflowLaunch } from "./overflow-launch.ts";

/** How long a launch whose answer was lost is not sent again: clients retry for seconds. */
const DOUBT_MS = 60_000;
const MAX_DOUBTS = 1_000;

/** A launch that the cloud did not accept, for the log. Clients choose the names of rooms. */
export interface OverflowEvent {
  readonly namespace: string;
  readonly pool: string;
  readonly room: string;
  readonly error: OverflowErrorKind;
  /** The cloud's message, without the pool's secrets; empty if it sent none. */
  readonly words: string;
}

export interface CloudLauncherDeps {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly secrets: Pick<SecretLookup, "values">;
  readonly metrics: Pick<GatewayMetrics, "overflowErrors">;
  readonly sessions: Pick<CloudSessions, "avatarIn">;
  readonly onEvent: (news: OverflowEvent) => void;
}

/** One of the sessions that this gateway may have in the cloud, kept for one launch. */
export interface CloudReservation extends BegunInCloud {
  readonly breaker: CloudBreaker;
  /** Encodes the launch for the cloud's API. */
  readonly body: () => string;
}

export type CloudResult =
  | { readonly kind: "accepted"; readonly answer: WorkerAnswer }
  /** No session began: the reservation has ended. */
  | { readonly kind: "refused"; readonly error: OverflowErrorKind }
  /** A session may have begun: the reservation stays. */
  | { readonly kind: "unclear"; readonly error: LaunchError };

/** Sends launches to the maker's cloud, each once, and remembers those whose answer was lost. */
export class CloudLauncher {
  readonly #deps: CloudLauncherDeps;
  /** Errors of launches whose answer was lost, by launch. */
  readonly #doubts: ExpiringMap<string, LaunchError>;

  constructor(deps: CloudLauncherDeps) {
    this.#deps = deps;
    this.#doubts = new ExpiringMap({ clock: deps.clock, ttlMs: DOUBT_MS, max: MAX_DOUBTS });
  }

  /** Ends the reservation, unless a session may have begun. */
  async send(launch: OverflowLaunch, reservation: CloudReservation): Promise<CloudResult> {
    const { pool, request } = launch;
    const secret = request.apiSecret ?? (await this.#secret(pool));
    if (secret === undefined) return this.#refused(launch, reservation, "secret_unreadable", "");
    const url = pool.overflow?.url ?? "";
    const { verdict, words } = await this.#post({ url, secret, body: reservation.body() }, request.livekitToken);
    switch (verdict.kind) {
      case "accepted":
        reservation.breaker.close();
        reservation.accepted();
        return { kind: "accepted", answer: pending(request.roomName) };
      case "refused":
        return this.#refused(launch, reservation, verdict.error, words, verdict.retryAfterMs);
      case "unclear": {
        reservation.breaker.failed("unclear");
        reservation.accepted();
        this.#report(launch, "unclear", words);
        const error = overflowUnclear(DOUBT_MS / 1_000);
        this.#doubts.set(launch.keys.launch, error);
        return { kind: "unclear", error };
      }
    }
  }

  /** Whether a launch was sent to the cloud and its outcome is unknown. */
  doubts(launch: string): boolean {
    return this.#doubts.get(launch) !== undefined;
  }

  /**
   * Resolves a launch whose answer was lost: searches its room for the avatar.
   * @returns the answer of the session that was found; undefined if the launch may begin.
   * @throws LaunchError `overflow_unclear` if a session may have begun and was not found.
   */
  async resolve({ keys, pool, request }: OverflowLaunch): Promise<WorkerAnswer | undefined> {
    const { launch, agent } = keys;
    const error = this.#doubts.get(launch);
    if (error === undefined) return undefined;
    const seen = await this.#deps.sessions.avatarIn(pool, { room: request.roomName, livekitUrl: request.livekitUrl, agent });
    if (seen !== true) throw error;
    // The singleflight remembers the answer from now on.
    this.#doubts.delete(launch);
    return pending(request.roomName);
  }

  async #secret(pool: PoolConfig): Promise<string | undefined> {
    const { name, key } = pool.apiSecretRef;
    try {
      const [secret] = await this.#deps.secrets.values({ namespace: pool.namespace, name }, [key]);
      return secret;
    } catch {
      return undefined;
    }
  }

  async #post(launch: CloudLaunch, token: string): Promise<{ readonly verdict: CloudVerdict; readonly words: string }> {
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

  #refused(
    launch: OverflowLaunch,
    { breaker, release }: CloudReservation,
    error: OverflowErrorKind,
    words: string,
    retryAfterMs?: number,
  ): CloudResult {
    release();
    // A rejected launch, or an error of the client's own account, says nothing about other launches.
    if (error === "rejected" || (launch.request.apiSecret !== undefined && isAccounts(error))) breaker.withdrawn();
    else breaker.failed(error, retryAfterMs);
    this.#report(launch, error, words);
    return { kind: "refused", error };
  }

  #report({ pool, request }: OverflowLaunch, error: OverflowErrorKind, words: string): void {
    const { namespace, name } = pool;
    this.#deps.metrics.overflowErrors.inc({ namespace, pool: name, reason: error });
    this.#deps.onEvent({ namespace, pool: name, room: request.roomName, error, words });
  }
}

function isAccounts(error: OverflowErrorKind): boolean {
  return error === "unauthorized" || error === "no_credits" || error === "concurrency_limit";
}

/** The gateway's own answer: the cloud's may contain what the client must not see. */
function pending(room: string): WorkerAnswer {
  return { status: 200, contentType: "application/json", body: JSON.stringify({ status: "pending", room_name: room }) };
}
