import { type LaunchAuth, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { LaunchError } from "../errors.ts";
import type { ClientLimits, Limits } from "./client-limits.ts";
import type { ClientTokens } from "./client-tokens.ts";

/** A launch that was let in. */
export interface Pass {
  /** Name of the client; empty where the pool asks for no token. */
  readonly client: string;
  /** To be called when the launch has ended. */
  readonly leave: () => void;
}

/** Lets launches in: by the token that the pool asks for, and within what its client may. */
export class Gate {
  readonly #tokens: Pick<ClientTokens, "clientOf" | "isKnown">;
  readonly #limits: ClientLimits;

  constructor(tokens: Pick<ClientTokens, "clientOf" | "isKnown">, limits: ClientLimits) {
    this.#tokens = tokens;
    this.#limits = limits;
  }

  /** @throws LaunchError 401, 429, or 503 when the tokens could never be read. */
  async enter(pool: PoolConfig, token: string | undefined): Promise<Pass> {
    const client = await this.identify(pool, token);
    const { auth } = pool.launch;
    return auth === undefined ? { client, leave: () => {} } : this.#withinLimits(pool, client, auth);
  }

  /**
   * Whose token it is; empty where the pool asks for none. What is no launch has no limits.
   * @throws LaunchError 401, or 503 when the tokens could never be read.
   */
  async identify(pool: PoolConfig, token: string | undefined): Promise<string> {
    const { auth } = pool.launch;
    if (auth === undefined) return "";
    if (token === undefined) {
      throw unauthorized(
        "this pool asks for a token: send it as Authorization: Bearer, as header api-secret or as field api_secret",
      );
    }
    const verdict = await this.#tokens.clientOf(secretOf(pool, auth), token);
    switch (verdict.kind) {
      case "unknown":
        throw unauthorized("the token is none of this pool's: use one of those in the Secret that launch.auth names");
      case "unavailable":
        throw new LaunchError(503, "auth_unavailable", `nobody can be let in: ${verdict.why}`, { retryAfterMs: 2_000 });
      case "known":
        return verdict.client;
    }
  }

  /** Whether a text is one of the pool's tokens, by what was last read of them. */
  isToken(pool: PoolConfig, text: string): boolean {
    const { auth } = pool.launch;
    return auth !== undefined && this.#tokens.isKnown(secretOf(pool, auth), text);
  }

  #withinLimits(pool: PoolConfig, client: string, limits: Limits): Pass {
    const entry = this.#limits.enter(`${poolKey(pool)}/${client}`, limits);
    if (entry.kind === "entered") return { client, leave: entry.leave };
    const { limit, retryAfterMs } = entry;
    const sentence = {
      launchesPerMinute: `${client} has launched as much as it may in a minute (launch.auth.launchesPerMinute is ${limits.launchesPerMinute})`,
      launchesAtOnce: `${client} has as many launches under way as it may (launch.auth.launchesAtOnce is ${limits.launchesAtOnce})`,
    }[limit];
    throw new LaunchError(429, "rate_limited", `${sentence}: try again later`, { retryAfterMs });
  }
}

function secretOf({ namespace }: PoolConfig, { secretRef: { name } }: LaunchAuth): ObjectRef {
  return { namespace, name };
}

function unauthorized(message: string): LaunchError {
  return new LaunchError(401, "unauthorized", message);
}
