/**
 * `node scripts/bootstrap.mjs <script.ts> [arguments]`: runs a script of this project on the pinned version of Node. The machine needs
 * only npm and any Node >= 18. If packages are missing or out of date, this program installs them first.
 * It is plain JavaScript without dependencies, because it runs before their installation.
 */
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The first release that runs TypeScript files directly and that the dependencies support. */
const OLDEST_NODE = [22, 19];
const PROGRESS_MS = 10_000;

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const bin = path.join(root, "node_modules", ".bin");
const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail("usage: node scripts/bootstrap.mjs <script.ts> [arguments]");

if (!isInstalled()) await install();
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}` };
const outcome = await run(pinnedNode(), ["--disable-warning=ExperimentalWarning", script, ...args], { env, stdio: "inherit" });
if (outcome.signal === null) process.exit(outcome.code);
// Ends with the script's signal, so that a shell receives the same status.
process.kill(process.pid, outcome.signal);

/** npm writes the inner lock file last. It is newer than the project's lock file only after a complete installation. */
function isInstalled() {
  const installed = path.join(root, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(path.join(root, "package-lock.json")).mtimeMs;
}

async function install() {
  const startMs = Date.now();
  const seconds = () => `${Math.round((Date.now() - startMs) / 1000)} s`;
  process.stderr.write("installing npm packages (usually less than a minute)\n");
  const ticker = setInterval(() => process.stderr.write(`  installing npm packages: ${seconds()}\n`), PROGRESS_MS);
  // The level hides warnings about the machine's Node, which runs only the installation. The output is on stderr, because a
  // program may parse the script's own output.
  const outcome = await run("npm", ["ci", "--loglevel=error", "--no-audit", "--no-fund"], { cwd: root, stdio: ["ignore", 2, 2] });
  clearInterval(ticker);
  if (outcome.code !== 0) fail(`npm ci failed after ${seconds()}: what it wrote above says why. Run it again when that is mended.`);
}

function pinnedNode() {
  const pinned = path.join(bin, "node");
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath;
  fail(
    `${pinned} is missing: the npm package "node" brings it in its install script, which npm was told not to run. ` +
      `Allow install scripts and run npm ci, or use Node ${OLDEST_NODE.join(".")} or newer (this is ${process.version}).`,
  );
}

/** Runs a program to its end and forwards signals. */
function run(command, commandArgs, options) {
  const child = spawn(command, commandArgs, options);
  // A terminal sends Ctrl-C to the child itself. Some programs treat a second one as "stop at once", so it is not forwarded.
  const passOn = { SIGINT: !process.stdin.isTTY, SIGTERM: true, SIGHUP: true };
  const handlers = Object.entries(passOn).map(([signal, pass]) => [signal, () => pass && child.kill(signal)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return new Promise((resolve) => {
    child.on("error", (error) => fail(`cannot start ${command}: ${error.message}`));
    child.on("close", (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      resolve({ code: code ?? 1, signal });
    });
  });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
