import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ephemeral ports of the system: an outgoing connection could use a free one before the server does. */
const FROM = 12_000;
const TO = 32_000;
const MAX_TRIES = 100;

/** A port of loopback without a listener. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port was found between ${FROM} and ${TO}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
