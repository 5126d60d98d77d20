import type { ClaimSource, Peers } from "../../../operator/gateway/claims/claims.ts";
import type { Claim, PeerAnswer, Verdict } from "../../../operator/gateway/claims/peer-protocol.ts";
import { Shares } from "../../../operator/gateway/workers/shares.ts";
import type { WorkerClient } from "../../../operator/workers/client.ts";
import type { FakeClock } from "../fake-clock.ts";

const never = <T>(): Promise<T> => new Promise(() => {});

/** The network between gateways, without sockets. A dead gateway does nothing and does not respond. */
export class FakePeers {
  readonly members = new Map<string, ClaimSource>();
  readonly dead = new Set<string>();
  /** Requests over the network. */
  asked = 0;
  readonly #clock: FakeClock;
  readonly #names: readonly string[];

  constructor(clock: FakeClock, names: readonly string[]) {
    this.#clock = clock;
    this.#names = names;
  }

  /** One gateway's client for the others. Its list includes dead ones. */
  seenBy(self: string): Peers {
    const shares = new Shares(self, this.#names);
    return {
      self,
      others: this.#names.filter((name) => name !== self),
      keepers: (room, count) => shares.keepers(room, count),
      claim: (peer, claim: Claim): Promise<Verdict> => this.#ask(self, peer, (source) => source.claim(claim)),
      supersede: (peer, message) => this.#ask(self, peer, (source) => source.supersede(message)),
      answer: (peer, launch): Promise<PeerAnswer> => this.#ask(self, peer, (source) => source.peerAnswer(launch)),
    };
  }

  /** A gateway's client for workers. It does nothing after the gateway dies. */
  networkOf(self: string, workers: WorkerClient): WorkerClient {
    return {
      get: (...args) => (this.dead.has(self) ? never() : workers.get(...args)),
      post: (...args) => (this.dead.has(self) ? never() : workers.post(...args)),
    };
  }

  /** A gateway dies: peers that wait for its response see a closed connection. */
  kill(name: string): void {
    this.dead.add(name);
    for (const hangUp of this.#hangUps.splice(0)) hangUp();
  }

  readonly #hangUps: (() => void)[] = [];

  async #ask<T>(self: string, peer: string, question: (source: ClaimSource) => T | Promise<T>): Promise<T> {
    this.asked += 1;
    await new Promise<void>((resolve) => this.#clock.schedule(1, resolve));
    const source = this.members.get(peer);
    if (this.dead.has(self)) return never();
    if (source === undefined || this.dead.has(peer)) throw new Error("no connection");
    const broken = Promise.withResolvers<never>();
    this.#hangUps.push(() => (this.dead.has(peer) ? broken.reject(new Error("reset")) : undefined));
    const answer = await Promise.race([question(source), broken.promise]);
    await new Promise<void>((resolve) => this.#clock.schedule(1, resolve));
    return this.dead.has(self) ? never() : answer;
  }
}
