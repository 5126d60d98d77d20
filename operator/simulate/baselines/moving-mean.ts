/** The mean of the last values. Until enough have been added, the mean of all values. */
export class MovingMean {
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;
  #sum = 0;

  constructor(length: number) {
    this.#values = new Float64Array(length);
  }

  add(value: number): number {
    const values = this.#values;
    this.#sum += value - (values[this.#next] ?? 0);
    values[this.#next] = value;
    if (++this.#next === values.length) this.#next = 0;
    if (this.#count < values.length) this.#count++;
    return this.#sum / this.#count;
  }
}
