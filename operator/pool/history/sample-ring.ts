import type { HistorySample } from "../../api/console.ts";
import { merged, noCounts, read, type SampleValues, STORED, write } from "./sample.ts";

/** The latest samples in steps of equal length, without a gap: in a step without a sample, the levels stay and nothing is counted. */
export class SampleRing {
  readonly stepMs: number;
  readonly #numbers: Uint32Array;
  readonly #count: number;
  /** Numbers of the steps since the epoch; `#first` is beyond `#last` while the ring is empty. */
  #first = 0;
  #last = -1;

  /** @param count number of samples that are kept. */
  constructor(stepMs: number, count: number) {
    this.stepMs = stepMs;
    this.#count = count;
    this.#numbers = new Uint32Array(count * STORED);
  }

  get bytes(): number {
    return this.#numbers.byteLength;
  }

  /** Merges values into the step of this time. Values of a time before the latest step count for the latest step. */
  add(atMs: number, values: SampleValues): void {
    const step = Math.floor(atMs / this.stepMs);
    if (this.#first > this.#last) {
      this.#first = step;
    } else {
      const before = this.#at(this.#last);
      if (step <= this.#last) {
        this.#write(this.#last, merged(before, values));
        return;
      }
      const held = { ...before, ...noCounts, startupP95Ms: 0 };
      for (let gap = Math.max(this.#last + 1, step - this.#count + 1); gap < step; gap++) this.#write(gap, held);
    }
    this.#write(step, values);
    this.#last = step;
    this.#first = Math.max(this.#first, step - this.#count + 1);
  }

  /** The samples of the steps that overlap this time, oldest first. */
  between(fromMs: number, toMs: number): readonly HistorySample[] {
    const samples: HistorySample[] = [];
    const first = Math.max(this.#first, Math.floor(fromMs / this.stepMs));
    const last = Math.min(this.#last, Math.floor(toMs / this.stepMs));
    for (let step = first; step <= last; step++) samples.push({ atMs: step * this.stepMs, ...this.#at(step) });
    return samples;
  }

  #at(step: number): SampleValues {
    return read(this.#numbers, (step % this.#count) * STORED);
  }

  #write(step: number, values: SampleValues): void {
    write(this.#numbers, (step % this.#count) * STORED, values);
  }
}
