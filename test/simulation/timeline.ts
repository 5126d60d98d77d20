/** The events of a world in order, for debugging. */
export interface Happening {
  readonly atMs: number;
  readonly what: "launch" | "answer" | "decision" | "write" | "fault" | "edit" | "pod" | "stop" | "BROKEN";
  readonly text: string;
}

/** Limits the events of a world that does not become quiet. Other worlds have fewer events. */
const MOST_KEPT = 200_000;

export class Timeline {
  readonly happenings: Happening[] = [];
  readonly #startMs: number;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  note(what: Happening["what"], text: string): void {
    if (this.happenings.length < MOST_KEPT) this.happenings.push({ atMs: this.#now() - this.#startMs, what, text });
  }

  of(what: Happening["what"]): readonly string[] {
    return this.happenings.filter((happening) => happening.what === what).map(lineOf);
  }

  lines(): readonly string[] {
    return this.happenings.map(lineOf);
  }
}

function lineOf({ atMs, what, text }: Happening): string {
  return `${(atMs / 1_000).toFixed(3).padStart(9)} s  ${what.padEnd(8)}  ${text}`;
}
