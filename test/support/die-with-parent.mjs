// Preloaded (`--import`) into processes that a test or the demo starts with a pipe as standard input: the pipe ends with its
// starter, even when that is killed, and then nothing must be left running.
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));
process.stdin.resume();
// By itself it keeps no process alive.
process.stdin.unref();
