/**
 * `node test/support/console/invented/serve.ts [--pools 40] [--workers 400] [--port 8082] [--still]`: the real console server with an
 * invented fleet, to look at the pages. Build them before. Every token is valid; a token that starts with `read` may only look.
 */
import { parseArgs } from "node:util";
import { startInventedConsole } from "./console.ts";
import { InventedSource } from "./source.ts";

const { values } = parseArgs({
  options: {
    pools: { type: "string", default: "40" },
    workers: { type: "string", default: "400" },
    port: { type: "string", default: "8082" },
    /** Nothing changes. */
    still: { type: "boolean", default: false },
  },
});

const source = new InventedSource({ pools: Number(values.pools), workers: Number(values.workers), nowMs: Date.now() });
await startInventedConsole(source, Number(values.port));
if (!values.still) setInterval(() => source.step(Date.now()), 500);
console.log(`http://127.0.0.1:${values.port}/`);
