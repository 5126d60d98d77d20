import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import type { z } from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { KeyCounter } from "../../runtime/key-counter.ts";
import { sleep } from "../../runtime/sleep.ts";
import { Shares } from "../workers/shares.ts";
import type { Peers } from "./claims.ts";
import {
  ANSWER_WAIT_MS,
  CLAIM_ANSWERS_PATH,
  CLAIMS_PATH,
  type Claim,
  claimSchema,
  endedSchema,
  MAX_HELD_OF_PEER,
  type PeerAnswer,
  peerAnswerSchema,
  SUPERSEDED_PATH,
  SUPERSEDED_WAIT_MS,
  type Superseded,
  type Verdict,
  verdictSchema,
} from "./peer-protocol.ts";

/** A peer handles a claim in microseconds, but its machine may be overloaded, and an early timeout causes a double launch. */
const CLAIM_TIMEOUT_MS = 2_000;
/** How long claims skip a peer after a failed request. */
const SHUN_MS = 5_000;
const MAX_SHUNNED = 1_000;
/** Connections to one peer for requests that it answers at once. */
const CONNECTIONS = 32;
/**
 * Interval of greetings, which show this gateway's token to its peers. They verify it with the API server and remember the result
 * for the token's lifetime, so that gateways can authenticate each other during an outage of the API server.
 */
const GREET_INTERVAL_MS = 5_000;
/** Delay after a peer answers "pending" or "too many" at once: it prevents a busy loop. */
const ASK_AGAIN_MS = 250;
/** The peer is at its limit of concurrent claims. */
const TOO_MANY = 503;

/** A peer answered with a status other than 200. */
class PeerRefused extends Error {
  readonly status: number;

  constructor(url: string, status: number) {
    super(`${url} answered ${status}`);
    this.status = status;
  }
}

export interface HttpPeersDeps {
  readonly clock: Clock;
  /** Base URLs of this gateway, one for each of its addresses. Its peers use one of them as its name. */
  readonly origins: readonly [string, ...(readonly string[])];
  /** File of the ServiceAccount token that authenticates this gateway to its peers. */
  readonly tokenFile: string;
  /** Called when the set of live gateways has changed. */
  readonly onShares: (shares: Shares) => void;
}

/**
 * The other gateways over HTTP. Claims skip a peer for a few seconds after a failure. Long polls use separate connections, so that
 * no claim waits for one.
 */
export class HttpPeers implements Peers {
  readonly #deps: HttpPeersDeps;
  readonly #agent = new Agent({ connections: CONNECTIONS, connect: { timeout: CLAIM_TIMEOUT_MS } });
  readonly #holding = new Agent({ connections: MAX_HELD_OF_PEER, connect: { timeout: CLAIM_TIMEOUT_MS } });
  /** Number of pending long polls by peer. */
  readonly #held = new KeyCounter();
  readonly #shunned: ExpiringMap<string, true>;
  #shares: Shares;
  #token: { readonly text: Promise<string>; readonly readMs: number } | undefined;

  constructor(deps: HttpPeersDeps) {
    this.#deps = deps;
    this.#shares = new Shares(deps.origins[0]);
    this.#shunned = new ExpiringMap({ clock: deps.clock, ttlMs: SHUN_MS, max: MAX_SHUNNED });
  }

  get self(): string {
    return this.#shares.self;
  }

  get others(): readonly string[] {
    return this.#shares.members.filter((peer) => peer !== this.self);
  }

  /**
   * Sets the base URLs of the live gateways. On a dual-stack network they may contain another address of this gateway than before,
   * which then becomes its name.
   */
  set(members: readonly string[]): void {
    const { origins } = this.#deps;
    const self = origins.find((origin) => members.includes(origin)) ?? this.self;
    const others = members.filter((member) => !origins.includes(member));
    const shares = new Shares(self, others);
    if (self === this.self && shares.members.join() === this.#shares.members.join()) return;
    this.#shares = shares;
    this.#deps.onShares(shares);
  }

  keepers(room: string, count: number): readonly string[] {
    return this.#shares
      .keepers(room, this.#shares.members.length)
      .filter((peer) => this.#shunned.get(peer) === undefined)
      .slice(0, count);
  }

  async claim(peer: string, claim: Claim): Promise<Verdict> {
    const signal = AbortSignal.timeout(CLAIM_TIMEOUT_MS);
    try {
      for (;;) {
        const verdict = await this.#claimOnce(peer, claim, signal);
        if (verdict !== undefined) return verdict;
        await sleep(this.#deps.clock, ASK_AGAIN_MS, signal);
      }
    } catch (error) {
      this.#shunned.set(peer, true);
      throw error;
    }
  }

  async answer(peer: string, launch: string, signal: AbortSignal): Promise<PeerAnswer> {
    for (;;) {
      signal.throwIfAborted();
      // A request above the limit waits here: in the agent's queue it would time out as if the peer were gone.
      const answer = this.#held.of(peer) < MAX_HELD_OF_PEER ? await this.#question(peer, launch, signal) : undefined;
      if (answer !== undefined && answer.kind !== "pending") return answer;
      await sleep(this.#deps.clock, ASK_AGAIN_MS, signal);
    }
  }

  async supersede(peer: string, message: Superseded): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(SUPERSEDED_WAIT_MS + CLAIM_TIMEOUT_MS);
    return (await this.#post(this.#agent, `${peer}${SUPERSEDED_PATH}`, message, endedSchema, signal)).ended;
  }

  /** Greets all peers repeatedly until the signal aborts. Never throws: an unreachable peer is greeted again in the next round. */
  async greet(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.allSettled(this.others.map((peer) => this.#greetOne(peer)));
      await sleep(this.#deps.clock, GREET_INTERVAL_MS, signal);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#holding.destroy()]);
  }

  /** @returns undefined if the peer is at its limit. */
  async #claimOnce(peer: string, claim: Claim, signal: AbortSignal): Promise<Verdict | undefined> {
    try {
      return await this.#post(this.#agent, `${peer}${CLAIMS_PATH}`, claimSchema.parse(claim), verdictSchema, signal);
    } catch (error) {
      if (error instanceof PeerRefused && error.status === TOO_MANY && !signal.aborted) return undefined;
      throw error;
    }
  }

  async #question(peer: string, launch: string, signal: AbortSignal) {
    this.#held.add(peer, 1);
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WAIT_MS * 2)]);
      const question = { launch, gateway: this.self };
      return await this.#post(this.#holding, `${peer}${CLAIM_ANSWERS_PATH}`, question, peerAnswerSchema, limited);
    } finally {
      this.#held.add(peer, -1);
    }
  }

  async #greetOne(peer: string): Promise<void> {
    const headers = { authorization: `Bearer ${await this.#readToken()}` };
    const signal = AbortSignal.timeout(CLAIM_TIMEOUT_MS);
    const answer = await request(`${peer}${CLAIMS_PATH}`, { dispatcher: this.#agent, signal, headers });
    await answer.body.dump();
  }

  async #post<T>(dispatcher: Agent, url: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const headers = { authorization: `Bearer ${await this.#readToken()}`, "content-type": "application/json" };
    const answer = await request(url, { method: "POST", dispatcher, signal, headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new PeerRefused(url, answer.statusCode);
    return schema.parse(JSON.parse(text));
  }

  /** The token rotates, so the file is read again every minute. */
  #readToken(): Promise<string> {
    const nowMs = this.#deps.clock.now();
    if (this.#token === undefined || nowMs - this.#token.readMs > 60_000) {
      const text = readFile(this.#deps.tokenFile, "utf8").then((content) => content.trim());
      this.#token = { text, readMs: nowMs };
      // The next claim retries a failed read.
      text.catch(() => (this.#token = undefined));
    }
    return this.#token.text;
  }
}
