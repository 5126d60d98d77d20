/** Longer than the complete picture of the largest fleet. */
const MOST_BUFFERED = 64 * 1024 * 1024;

/** Splits a server-sent stream into the data of its events. The console's server sends no names, IDs or retry times. */
export class EventParser {
  #rest = "";

  /**
   * @returns the data of the events that are complete now.
   * @throws Error if an event is longer than 64 MB.
   */
  push(text: string): readonly string[] {
    const blocks = (this.#rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    if (this.#rest.length > MOST_BUFFERED) throw new Error("the operator sent an event of more than 64 MB: reload the page");
    return blocks.flatMap(dataOf);
  }
}

function dataOf(block: string): readonly string[] {
  const lines = block.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length === 0 ? [] : [lines.map((line) => line.slice("data:".length).trimStart()).join("\n")];
}
