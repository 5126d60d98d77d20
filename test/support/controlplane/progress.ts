/** Receives one line of progress for the user. */
export type Progress = (line: string) => void;

export function lineOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
