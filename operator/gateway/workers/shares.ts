/**
 * Divides keys among gateways without messages: every gateway computes the same owner of a key from the names of the live
 * gateways. When a gateway ends, only its keys move, each to the next owner (rendezvous hashing: D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking, 1998).
 */

/** A 32-bit hash of a text: FNV-1a, mixed so that the hashes of similar texts are independent. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** The weight of a member for a key, from 0 to 2^32 - 1. The member with the highest weight owns the key. */
export function weightOf(memberHash: number, keyHash: number): number {
  return mixed(memberHash ^ Math.imul(keyHash, 0x9e3779b1));
}

/** The finaliser of MurmurHash3: every bit of the input changes half of the output's. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

interface Member {
  readonly name: string;
  readonly hash: number;
}

/** The shares of all live gateways from the view of one of them. Immutable. */
export class Shares {
  readonly self: string;
  /** Names of the live gateways, this one included. */
  readonly members: readonly string[];
  readonly #selfHash: number;
  readonly #others: readonly Member[];

  /** @param members names of the live gateways; this gateway always counts as live. */
  constructor(self: string, members: readonly string[] = []) {
    this.self = self;
    this.members = [...new Set([self, ...members])].sort();
    this.#selfHash = hashOf(self);
    this.#others = this.members.filter((name) => name !== self).map((name) => ({ name, hash: hashOf(name) }));
  }

  /** Whether this gateway owns a key of this hash. */
  owns(keyHash: number): boolean {
    const own = this.weight(keyHash);
    return this.#others.every(({ name, hash }) =>
      precedes({ name: this.self, weight: own }, { name, weight: weightOf(hash, keyHash) }),
    );
  }

  /** This gateway's weight for a key; it is independent of the weights of other gateways. */
  weight(keyHash: number): number {
    return weightOf(this.#selfHash, keyHash);
  }

  /** The owners of a key in order. */
  keepers(key: string, count: number): readonly string[] {
    const keyHash = hashOf(key);
    return this.members
      .map((name) => ({ name, weight: weightOf(hashOf(name), keyHash) }))
      .sort((a, b) => (precedes(a, b) ? -1 : 1))
      .slice(0, count)
      .map(({ name }) => name);
  }
}

interface Weighed {
  readonly name: string;
  readonly weight: number;
}

function precedes(a: Weighed, b: Weighed): boolean {
  return a.weight === b.weight ? a.name < b.name : a.weight > b.weight;
}
