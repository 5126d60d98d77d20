import { Screen } from "../../operator/cli/status/screen.ts";
import { render, renderLine, seconds, type View } from "./view.ts";

const LINE_INTERVAL_MS = 5_000;

/** Output of the demo: a live view on a terminal, otherwise a line every few seconds. With `--json` it is on stderr. */
export class Output implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #screen: Screen | undefined;
  #nextLineAtMs = 0;

  constructor(options: { readonly json: boolean }) {
    this.#stream = options.json ? process.stderr : process.stdout;
    this.#screen = !options.json && process.stdout.isTTY ? new Screen(process.stdout) : undefined;
  }

  /** Prints a step of the set-up with the time since the start of the demo. */
  readonly progress = (line: string): void => this.log(`${seconds(performance.now())}  ${line}`);

  readonly log = (line: string): void => {
    if (this.#screen === undefined) this.#stream.write(`${line}\n`);
    else this.#screen.log(line);
  };

  show(view: View): void {
    if (this.#screen !== undefined) {
      this.#screen.draw(render(view));
      return;
    }
    if (performance.now() < this.#nextLineAtMs) return;
    this.#nextLineAtMs = performance.now() + LINE_INTERVAL_MS;
    this.#stream.write(`${renderLine(view)}\n`);
  }

  /** Ends the live view. */
  [Symbol.dispose](): void {
    this.#screen?.[Symbol.dispose]();
  }
}
