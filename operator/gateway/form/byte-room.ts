import { KeyCounter } from "../../runtime/key-counter.ts";

/** The owner of bytes: a client of a pool. The names are unique in the gateway. */
export interface ByteOwner {
  readonly pool: string;
  readonly client: string;
}

/** Limit of a pool, as a multiple of the free bytes: alone, it can hold four fifths of the room. */
const POOL_SHARE = 4;
/** Limit of a client: alone, it can hold half of the room. */
const CLIENT_SHARE = 1;

/**
 * A room of bytes that pools and clients share by dynamic thresholds (Choudhury and Hahne, "Dynamic queue length thresholds for
 * shared-memory packet switches", 1998): an owner may hold a multiple of the free bytes. The more owners there are, the less
 * each may hold, and a newcomer always finds some room. Only owners that hold bytes are stored.
 */
export class ByteRoom {
  #free: number;
  readonly #ofPools = new KeyCounter();
  readonly #ofClients = new KeyCounter();

  constructor(bytes: number) {
    this.#free = bytes;
  }

  get free(): number {
    return this.#free;
  }

  /** Takes bytes for an owner; false if that exceeds its share, and then nothing is taken. */
  take({ pool, client }: ByteOwner, bytes: number): boolean {
    const free = this.#free - bytes;
    const ofPool = this.#ofPools.of(pool) + bytes;
    const ofClient = this.#ofClients.of(client) + bytes;
    if (ofPool > POOL_SHARE * free || ofClient > CLIENT_SHARE * free) return false;
    this.#free = free;
    this.#ofPools.add(pool, bytes);
    this.#ofClients.add(client, bytes);
    return true;
  }

  give({ pool, client }: ByteOwner, bytes: number): void {
    this.#free += bytes;
    this.#ofPools.add(pool, -bytes);
    this.#ofClients.add(client, -bytes);
  }
}
