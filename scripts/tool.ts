/** `npm run tool -- NAME ARGUMENTS`: runs a pinned program of `tool-modules.ts`, and builds it first if it is missing. */
import { spawn } from "node:child_process";
import { allTools, toolPath } from "../test/support/controlplane/index.ts";

const [wanted, ...args] = process.argv.slice(2);
const name = allTools().find((tool) => tool === wanted);
if (name === undefined) {
  console.error(`unknown tool ${wanted}; the tools are ${allTools().join(", ")}`);
  process.exit(2);
}
const child = spawn(await toolPath(name), args, { stdio: "inherit" });
child.on("close", (code) => process.exit(code ?? 1));
