const LEAST_CAPACITY = 1_024;

/**
 * Joins bytes that arrive in chunks of any size. The cost is linear in the bytes, also for chunks of one byte, and no chunk is
 * kept beside its bytes: a `Buffer` of one byte takes a hundred. A first chunk that stays the only one is not copied.
 */
export class ByteCollector {
  readonly #expected: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Whether the buffer is the first chunk, in which nothing may be written. */
  #borrowed = false;

  /** @param expected length in bytes, where it was announced: no more is reserved before more has arrived. */
  constructor(expected = Number.POSITIVE_INFINITY) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  /** All bytes so far, as a view that counts until the next chunk. */
  get bytes(): Buffer {
    return this.#buffer.length === this.#length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  push(chunk: Buffer): void {
    if (this.#length === 0) {
      this.#buffer = chunk;
      this.#borrowed = true;
    } else {
      this.#reserve(this.#length + chunk.length);
      chunk.copy(this.#buffer, this.#length);
    }
    this.#length += chunk.length;
  }

  /** Doubles the buffer when it is full, so that every byte is copied twice on average. */
  #reserve(length: number): void {
    if (!this.#borrowed && length <= this.#buffer.length) return;
    const doubled = Math.max(2 * this.#length, LEAST_CAPACITY);
    const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(doubled, this.#expected)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    this.#borrowed = false;
  }
}
