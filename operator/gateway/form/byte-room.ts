/** Who holds bytes: a client, in a pool. The names are unique in the gateway. */
export interface ByteOwner {
  readonly pool: string;
  readonly client: string;
}

/** A pool may hold at most this many times the bytes that stay free: alone four fifths of the room. */
const POOL_SHARE = 4;
/** The same for a client: alone half of the room. */
const CLIENT_SHARE = 1;

/**
 * A room of bytes that pools and clients share by dynamic thresholds (Choudhury and Hahne, "Dynamic queue length thresholds for
 * shared-memory packet switches", 1998): an owner may hold a multiple of what stays free. The more owners there are, the less
 * each may hold, and a newcomer always finds some room. Only owners that hold bytes are known.
 */
export class ByteRoom {
  #free: number;
  readonly #ofPools = new Map<string, number>();
  readonly #ofClients = new Map<string, number>();

  constructor(bytes: number) {
    this.#free = bytes;
  }

  get free(): number {
    return this.#free;
  }

  /** Takes bytes for an owner; false if that exceeds its share, and then nothing is taken. */
  take({ pool, client }: ByteOwner, bytes: number): boolean {
    const free = this.#free - bytes;
    const ofPool = (this.#ofPools.get(pool) ?? 0) + bytes;
    const ofClient = (this.#ofClients.get(client) ?? 0) + bytes;
    if (ofPool > POOL_SHARE * free || ofClient > CLIENT_SHARE * free) return false;
    this.#free = free;
    this.#ofPools.set(pool, ofPool);
    this.#ofClients.set(client, ofClient);
    return true;
  }

  give({ pool, client }: ByteOwner, bytes: number): void {
    this.#free += bytes;
    lower(this.#ofPools, pool, bytes);
    lower(this.#ofClients, client, bytes);
  }
}

function lower(held: Map<string, number>, key: string, bytes: number): void {
  const left = (held.get(key) ?? 0) - bytes;
  if (left > 0) held.set(key, left);
  else held.delete(key);
}
