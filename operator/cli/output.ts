export type Print = (line: string) => void;

/** Results, on stdout. */
export const printLine: Print = (line) => void process.stdout.write(`${line}\n`);

/** Hints and progress, on stderr, so that a pipe contains results only. */
export const hintLine: Print = (line) => void process.stderr.write(`${line}\n`);
