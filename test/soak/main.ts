import path from "node:path";
import { parseArgs } from "node:util";
import { lineOnStderr } from "../support/controlplane/index.ts";
import { runInMachine, whyNoNodes } from "../support/node/machine.ts";

/**
 * `npm run soak -- --minutes N [--seed N]`: real calls arrive while nodes, pods, kubelet, containerd, operator, gateways, API server
 * and etcd are killed at random. Fails if AvatarPool ended a call, lost a launch, doubled an avatar or leaked a slot, or if memory
 * grows. The last line is JSON with the figures.
 */
const usage = "usage: npm run soak -- [--minutes N] [--seed N]; N is a whole number above 0; default: 10 minutes, a new seed";

function parse(): readonly string[] | undefined {
  try {
    const { minutes = "10", seed = String(Date.now() % 1_000_000) } = parseArgs({
      options: { minutes: { type: "string" }, seed: { type: "string" } },
    }).values;
    return [minutes, seed].every((text) => /^[1-9]\d{0,5}$/.test(text)) ? [minutes, seed] : undefined;
  } catch {
    return undefined;
  }
}

const args = parse();
const why = whyNoNodes();
if (args === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else if (why !== undefined) {
  console.log(`SKIPPED: ${why}`);
} else {
  try {
    await runInMachine("node", [path.join(import.meta.dirname, "soak.ts"), ...args], lineOnStderr);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
