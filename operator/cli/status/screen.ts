import type { WriteStream } from "node:tty";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** A block of lines at the end of a terminal, redrawn in place with one write. */
export class Screen implements Disposable {
  readonly #stream: Pick<WriteStream, "write" | "columns" | "rows">;
  #drawn: readonly string[] = [];

  constructor(stream: Pick<WriteStream, "write" | "columns" | "rows">) {
    this.#stream = stream;
  }

  /** Lines are cut to the size of the terminal: a wrapped line would make the number of lines wrong. */
  draw(text: string): void {
    // A terminal of unknown size reports 0.
    const columns = this.#stream.columns || 80;
    const rows = this.#stream.rows || 24;
    const lines = text
      .split("\n")
      .slice(0, Math.max(1, rows - 1))
      .map((line) => cut(line, Math.max(1, columns - 1)));
    this.#write(lines);
    this.#drawn = lines;
  }

  /** Writes a line above the block. */
  log(line: string): void {
    if (this.#drawn.length === 0) this.#stream.write(`${line}\n`);
    else this.#write([...line.split("\n"), ...this.#drawn]);
  }

  /** Leaves the last block on the screen and restores the cursor. */
  [Symbol.dispose](): void {
    if (this.#drawn.length > 0) this.#stream.write(SHOW_CURSOR);
    this.#drawn = [];
  }

  #write(lines: readonly string[]): void {
    const up = this.#drawn.length === 0 ? HIDE_CURSOR : `\x1b[${this.#drawn.length}A\r`;
    this.#stream.write(`${up}${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join("")}${CLEAR_BELOW}`);
  }
}

const COLOUR = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;]*m)`);

/** The first characters of a line, with all of its colours: a colour that has begun must end. */
function cut(line: string, width: number): string {
  let left = width;
  return line
    .split(COLOUR)
    .map((piece) => {
      if (COLOUR.test(piece)) return piece;
      const here = [...piece].slice(0, left);
      left -= here.length;
      return here.join("");
    })
    .join("");
}
