/**
 * `npm test`: runs every check that a change must pass, the cheapest first, until one fails. `--only <step>` runs one step.
 * The script builds missing programs of the control plane before the tests, so that no test exceeds its time limit.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ensureChromium } from "../test/support/browser/chromium.ts";
import { allTools, lineOnStderr, toolPath } from "../test/support/controlplane/index.ts";
import { ensurePackages } from "../test/support/debian.ts";
import { runInMachine, whyNoNodes } from "../test/support/node/machine.ts";
import { ensureBundle } from "../test/support/product/bundle.ts";
import { essencePython, pulumiPython } from "../test/support/python.ts";

interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const steps: readonly Step[] = [
  { name: "lint", run: () => command("biome", ["check"]) },
  { name: "workflows", run: checkWorkflows },
  { name: "phrases", run: () => command("node", ["scripts/phrases.ts"]) },
  { name: "duplicates", run: () => command("node", ["scripts/duplicates.ts"]) },
  { name: "types", run: checkTypes },
  { name: "layers", run: () => command("depcruise", ["operator", "console", "pulumi", "scripts", "test"]) },
  { name: "generated", run: () => command("node", ["scripts/generate.ts", "--check"]) },
  { name: "crd", run: validateCrd },
  { name: "unit", run: () => vitest("unit") },
  { name: "fuzz", run: () => vitest("fuzz") },
  { name: "proxy", run: vitestBehindProxies },
  { name: "essence", run: checkEssenceWorker },
  { name: "simulation", run: () => vitest("simulation") },
  { name: "tools", run: buildTools },
  { name: "apiserver", run: testOnApiServer },
  { name: "console", run: testConsole },
  { name: "observability", run: testObservability },
  { name: "media", run: testMedia },
  { name: "node", run: testOnNodes },
];

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
const chosen = only === undefined ? steps : steps.filter(({ name }) => name === only);
if (chosen.length === 0) {
  console.error(`unknown step ${only}; the steps are ${steps.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const times: string[] = [];
const total = stopwatch();
for (const { name, run } of chosen) {
  console.log(`\n── ${name} ──`);
  const time = stopwatch();
  try {
    await run();
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    console.error(`\nFAILED: ${name}, after ${time()}: ${why} (alone: npm test -- --only ${name})`);
    process.exit(1);
  }
  times.push(`${name} ${time()}`);
  console.log(`${name}: passed in ${time()}`);
}
console.log(`\nPASSED in ${total()}: ${times.join(", ")}`);

/** Checks the expressions, contexts, inputs and permissions of `.github/workflows`, but not the shell scripts in them. */
/** The console has the types of a browser. */
async function checkTypes(): Promise<void> {
  await command("tsc", ["-p", "."]);
  await command("tsc", ["-p", "console"]);
}

async function checkWorkflows(): Promise<void> {
  await command(await toolPath("actionlint", lineOnStderr), ["-shellcheck=", "-pyflakes="]);
}

async function buildTools(): Promise<void> {
  for (const name of allTools()) await toolPath(name, lineOnStderr);
}

/** Uses the code of the oldest supported version: newer versions have larger budgets for rules. */
async function validateCrd(): Promise<void> {
  await command(await toolPath("validate-crd", lineOnStderr), ["crds/avatarpool.dev_avatarpools.yaml"]);
}

async function vitestBehindProxies(): Promise<void> {
  ensurePackages(["nginx-light"], lineOnStderr);
  await vitest("proxy");
}

/** Everything is installed first, so that no test exceeds its time limit. */
async function testOnApiServer(): Promise<void> {
  await buildTools();
  await pulumiPython(lineOnStderr);
  await vitest("apiserver");
}

/** The operator's console in a real browser. */
async function testConsole(): Promise<void> {
  ensureChromium(lineOnStderr);
  await buildTools();
  await ensureBundle(lineOnStderr);
  await vitest("console");
}

/** The chart's alerts and dashboards, in a real Prometheus. */
async function testObservability(): Promise<void> {
  ensurePackages(["prometheus"], lineOnStderr);
  await buildTools();
  await vitest("observability");
}

/** The CPU worker's own checks, in rooms of a real LiveKit server. */
async function checkEssenceWorker(): Promise<void> {
  const folder = "workers/essence";
  const interpreter = await essencePython(lineOnStderr);
  const python = (...args: readonly string[]) => command(interpreter, ["-m", ...args], options);
  const options = { cwd: folder, env: { PYTHONPATH: "src", LIVEKIT_SERVER: await toolPath("livekit-server", lineOnStderr) } };
  const sources = [".", join("..", "..", "test", "support"), join("..", "..", "examples")];
  await python("ruff", "check", ...sources);
  await python("ruff", "format", "--check", ...sources);
  await python("mypy");
  await python("pytest", "--quiet");
}

/** Everything is installed first, so that no test exceeds its time limit. */
async function testMedia(): Promise<void> {
  await buildTools();
  await essencePython(lineOnStderr);
  await vitest("media");
}

/** The product in pods on real nodes. */
async function testOnNodes(): Promise<void> {
  const why = whyNoNodes();
  if (why === undefined) await vitest("node", (command, args) => runInMachine(command, args, lineOnStderr));
  else console.log(`SKIPPED: ${why}`);
}

/** @throws if tests fail. Prints each with the first line of its message, because people read the end of a long log first. */
async function vitest(project: string, run: Run = command): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "avatarpool-test-"));
  const results = join(folder, "results.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  try {
    await run("vitest", ["run", "--project", project, "--passWithNoTests", ...reporters]);
  } catch (error) {
    console.error(`\n${failedTests(results).join("\n")}`);
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The fields of vitest's JSON report that this script reads. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function failedTests(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const { testResults }: Report = JSON.parse(readFileSync(path, "utf8"));
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter(({ status }) => status === "failed");
    const lines = failed.map(({ fullName, failureMessages: [first = ""] }) => `✗ ${file}: ${fullName}: ${first.split("\n", 1)}`);
    return message === "" ? lines : [`✗ ${file}: ${message.split("\n", 1)}`, ...lines];
  });
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Run = (name: string, args: readonly string[]) => Promise<void>;

/** Runs a program on this terminal. @throws if it fails. */
async function command(name: string, args: readonly string[], { cwd = ".", env = {} }: Surroundings = {}): Promise<void> {
  const child = spawn(name, args, { stdio: "inherit", cwd, env: { ...process.env, ...env } });
  // A terminal sends Ctrl-C to the child itself.
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, passOn);
  const how = await new Promise<string | undefined>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `code ${code}`)));
  });
  for (const signal of signals) process.off(signal, passOn);
  if (how !== undefined) throw new Error(`${[name, ...args].join(" ")} ended with ${how}`);
}

function stopwatch(): () => string {
  const startMs = performance.now();
  return () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
