import type { Peers } from "../../operator/gateway/claims/claims.ts";
import type { GatewayCore } from "../../operator/gateway/core.ts";
import { Shares } from "../../operator/gateway/workers/shares.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { SimProcess } from "./process.ts";

interface Member {
  readonly process: SimProcess;
  readonly core: GatewayCore;
}

/** EndpointSlices list started and stopped gateways a little later. */
const LAG_MS = 2_000;

/** The network between the gateways of a world. A dead gateway does not respond, and stays listed for a while. */
export class SimPeers {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #members = new Map<string, Member>();
  /** By gateway: functions that break the connections of gateways that wait for its response. */
  readonly #hangUps = new Map<string, readonly (() => void)[]>();
  #listed: readonly string[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  joined(member: Member): void {
    this.#members.set(member.process.name, member);
    this.#list();
  }

  left(name: string): void {
    this.#members.delete(name);
    for (const hangUp of this.#hangUps.get(name) ?? []) hangUp();
    this.#list();
  }

  /** The other gateways as one of them sees them. */
  seenBy(process: SimProcess): Peers {
    const self = process.name;
    const shares = () => new Shares(self, this.#listed);
    const others = () => shares().members.filter((name) => name !== self);
    return {
      self,
      get others() {
        return others();
      },
      keepers: (room, count) => shares().keepers(room, count),
      claim: (peer, claim) => this.#ask(process, peer, async (core) => core.claim(claim)),
      answer: (peer, launch) => this.#ask(process, peer, (core) => core.peerAnswer(launch)),
      supersede: (peer, message) => this.#ask(process, peer, (core) => core.supersede(message)),
    };
  }

  async #ask<T>(self: SimProcess, peer: string, question: (core: GatewayCore) => Promise<T>): Promise<T> {
    await this.#wait();
    if (!self.alive) await forever();
    const member = this.#members.get(peer);
    if (member === undefined) throw new Error("no connection");
    const broken = Promise.withResolvers<never>();
    const hangUp = () => broken.reject(new Error("the connection was reset"));
    this.#hangUps.set(peer, [...(this.#hangUps.get(peer) ?? []), hangUp]);
    try {
      const answer = await Promise.race([question(member.core), broken.promise]);
      await this.#wait();
      return self.alive ? answer : await forever();
    } finally {
      this.#hangUps.set(
        peer,
        (this.#hangUps.get(peer) ?? []).filter((each) => each !== hangUp),
      );
    }
  }

  #list(): void {
    this.#clock.schedule(LAG_MS, () => (this.#listed = [...this.#members.keys()]));
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(1 + this.#random() * 9, resolve));
  }
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
