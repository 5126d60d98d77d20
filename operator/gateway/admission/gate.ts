import { type LaunchAuth, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { LaunchError } from "../errors.ts";
import type { ClientLimits, Limits } from "./client-limits.ts";
import type { ClientTokens } from "./client-tokens.ts";

export interface Pass {
  /** Name of the client; empty if the pool requires no token. */
  readonly client: string;
  /** Call it when the launch has ended. */
  readonly leave: () => void;
}

/** Admits launches: checks the token that the pool requires, and the limits of its client. */
export class Gate {
  readonly #tokens: Pick<ClientTokens, "clientOf" | "isKnown">;
  readonly #limits: ClientLimits;

  constructor(tokens: Pick<ClientTokens, "clientOf" | "isKnown">, limits: ClientLimits) {
    this.#tokens = tokens;
    this.#limits = limits;
  }

  /** @throws LaunchError 401, 429, or 503 if the tokens were never read. */
  async enter(pool: PoolConfig, token: string | undefined): Promise<Pass> {
    const client = await this.identify(pool, token);
    const { auth } = pool.launch;
    return auth === undefined ? { client, leave: () => {} } : this.#withinLimits(pool, client, auth);
  }

  /**
   * Authenticates a request; the limits are for launches only.
   * @returns the name of the client; empty if the pool requires no token.
   * @throws LaunchError 401, or 503 if the tokens were never read.
   */
  async identify(pool: PoolConfig, token: string | undefined): Promise<string> {
    const { auth } = pool.launch;
    if (auth === undefined) return "";
    if (token === undefined) {
      const how = "as Authorization: Bearer, in the header api-secret, or in the field api_secret";
      throw unauthorized(`this pool requires a token: send it ${how}`);
    }
    const verdict = await this.#tokens.clientOf(secretOf(pool, auth), token);
    switch (verdict.kind) {
      case "unknown":
        throw unauthorized("the token is not valid for this pool: use a token from the Secret of launch.auth");
      case "unavailable":
        throw new LaunchError(503, "auth_unavailable", `authentication is unavailable: ${verdict.why}`, { retryAfterMs: 2_000 });
      case "known":
        return verdict.client;
    }
  }

  /** Whether a text was one of the pool's tokens at the last read. */
  isToken(pool: PoolConfig, text: string): boolean {
    const { auth } = pool.launch;
    return auth !== undefined && this.#tokens.isKnown(secretOf(pool, auth), text);
  }

  #withinLimits(pool: PoolConfig, client: string, limits: Limits): Pass {
    const entry = this.#limits.enter(`${poolKey(pool)}/${client}`, limits);
    if (entry.kind === "entered") return { client, leave: entry.leave };
    const { limit, retryAfterMs } = entry;
    const message = `client ${client} has reached its limit: launch.auth.${limit} is ${limits[limit]}; retry later`;
    throw new LaunchError(429, "rate_limited", message, { retryAfterMs });
  }
}

function secretOf({ namespace }: PoolConfig, { secretRef: { name } }: LaunchAuth): ObjectRef {
  return { namespace, name };
}

function unauthorized(message: string): LaunchError {
  return new LaunchError(401, "unauthorized", message);
}
