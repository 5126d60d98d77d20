const LEAST_CAPACITY = 1_024;

/**
 * Joins bytes that arrive in chunks of any size. The cost is linear in the bytes, also for chunks of one byte. Chunks are not
 * retained: a `Buffer` of one byte takes a hundred bytes. A single chunk is not copied.
 */
export class ByteCollector {
  readonly #expected: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Whether the buffer is the first chunk, which must not be written to. */
  #borrowed = false;

  /** @param expected length in bytes, if announced. No more memory is reserved before more bytes have arrived. */
  constructor(expected = Number.POSITIVE_INFINITY) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  /** All bytes so far, as a view that is valid until the next chunk. */
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

  /** Doubles a full buffer, so that every byte is copied twice on average. */
  #reserve(length: number): void {
    if (!this.#borrowed && length <= this.#buffer.length) return;
    const doubled = Math.max(2 * this.#length, LEAST_CAPACITY);
    const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(doubled, this.#expected)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    this.#borrowed = false;
  }
}
