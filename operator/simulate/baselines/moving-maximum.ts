/** The largest of the values that were added within a span of time. */
export class MovingMaximum {
  readonly #spanS: number;
  /** Values that may still become the largest: falling, with the times at which they were added. */
  readonly #values: number[] = [];
  readonly #timesS: number[] = [];
  #head = 0;

  constructor(spanS: number) {
    this.#spanS = spanS;
  }

  /** Adds a value and returns the largest that was added after `nowS - span`. */
  add(nowS: number, value: number): number {
    const values = this.#values;
    const times = this.#timesS;
    while (values.length > this.#head && (values.at(-1) ?? 0) <= value) {
      values.pop();
      times.pop();
    }
    values.push(value);
    times.push(nowS);
    while ((times[this.#head] ?? nowS) <= nowS - this.#spanS && this.#head < values.length - 1) this.#head++;
    if (this.#head > 1_000) {
      values.splice(0, this.#head);
      times.splice(0, this.#head);
      this.#head = 0;
    }
    return values[this.#head] ?? value;
  }
}
