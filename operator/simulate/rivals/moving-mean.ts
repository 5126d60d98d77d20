/** The mean of the last values, of fewer when fewer were added. */
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
    this.#next = (this.#next + 1) % values.length;
    this.#count = Math.min(this.#count + 1, values.length);
    return this.#sum / this.#count;
  }
}
