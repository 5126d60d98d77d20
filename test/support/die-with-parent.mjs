// Preloaded (`--import`) into processes that a test or the demo starts with a pipe as standard input. The pipe closes when the
// parent process ends, even by SIGKILL, and then this process must end too.
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));
process.stdin.resume();
// This listener does not keep the process alive.
process.stdin.unref();
