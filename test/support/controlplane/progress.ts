/** Gets one line for the person who waits. */
export type Progress = (line: string) => void;

export function lineOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
