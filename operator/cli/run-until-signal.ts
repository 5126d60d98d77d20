/** Runs until SIGTERM or SIGINT requests a graceful stop. A second signal ends the process at once. */
export async function runUntilSignal(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  }
  await run(stop.signal);
}
