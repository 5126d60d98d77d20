/** The largest value that was added within a time span. */
export class MovingMaximum {
  readonly #spanS: number;
  /** Values that may become the largest, in descending order, with the times at which they were added. */
  readonly #values: number[] = [];
  readonly #timesS: number[] = [];
  #head = 0;

  constructor(spanS: number) {
    this.#spanS = spanS;
  }

  /** Adds a value and returns the largest one that was added after `nowS - span`. */
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
