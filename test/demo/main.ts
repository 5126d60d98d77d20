import { once } from "node:events";
import { constants } from "node:os";
import { toolPath } from "../support/controlplane/index.ts";
import { DemoConsole } from "./console.ts";
import { playMedia } from "./media.ts";
import { mediaFigures, mediaSummary } from "./media-summary.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { Output } from "./output.ts";
import { play } from "./play.ts";
import { NAMESPACE, POOL } from "./sample-pool.ts";
import { type Stage, setUp } from "./stage.ts";
import { type Figures, summary } from "./summary.ts";

/**
 * `npm run demo`: the whole product on its own control plane, from `kubectl apply` through a burst to the scale-down, in real
 * time. It ends by itself or on Ctrl-C, and removes everything that it created.
 */
async function main(options: Options, signal: AbortSignal): Promise<void> {
  using output = new Output(options);
  signal.addEventListener("abort", () => output.log("stopping all processes"), { once: true });
  await using cleanup = new AsyncDisposableStack();
  if (options.media) return await withMedia(options, output, cleanup, signal);
  const stage = await setUp(cleanup, output.progress, signal);
  cleanup.use(await DemoConsole.start(stage, { log: output.log, open: options.open }));
  const { figures, clients, sizes } = await play(stage, options, output, signal);
  output[Symbol.dispose]();

  const report = () => {
    // `performance.now()` counts from the start of this process.
    const all: Figures = { ...figures, wallMs: Math.round(performance.now()) };
    output.log(summary(all, clients, sizes));
    if (options.json) process.stdout.write(`${JSON.stringify(all)}\n`);
  };
  if (options.keep) {
    report();
    output.log(await howToUse(stage));
    await once(signal, "abort");
  }
  await cleanup.disposeAsync();
  if (!options.keep) report();
}

async function withMedia(options: Options, output: Output, cleanup: AsyncDisposableStack, signal: AbortSignal): Promise<void> {
  const result = await playMedia(cleanup, output, signal);
  output[Symbol.dispose]();
  await cleanup.disposeAsync();
  const figures = mediaFigures(result, performance.now());
  output.log(mediaSummary(figures));
  if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function howToUse({ plane, gateways }: Stage): Promise<string> {
  return `
All processes run until Ctrl-C. From another terminal:

  export KUBECONFIG=${plane.kubeconfig}
  ${await toolPath("kubectl")} -n ${NAMESPACE} get avp,deployments,pods
  ${await toolPath("kubectl")} -n ${NAMESPACE} get avp ${POOL} -o wide --watch

  curl -i ${gateways[0]?.url}/${NAMESPACE}/${POOL}/launch \\
    -d livekit_url=ws://127.0.0.1:7880 -d livekit_token=any -d room_name=mine -d avatar_id=maya -d prompt=x_session_seconds=60
`;
}

const stopping = new AbortController();
let stoppedBy: NodeJS.Signals | undefined;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // A second signal has no effect, so that the cleanup is complete.
  process.on(name, () => {
    stoppedBy ??= name;
    stopping.abort();
  });
}

let options: Options | "help";
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(2);
}
if (options === "help") {
  process.stdout.write(usage);
  process.exit(0);
}
try {
  await main(options, stopping.signal);
} catch (error) {
  // Errors after a signal are caused by it.
  if (stoppedBy === undefined) {
    process.stderr.write(`the demo failed: ${messageOf(error)}\n`);
    process.exit(1);
  }
}
process.exit(stoppedBy === undefined ? 0 : 128 + constants.signals[stoppedBy]);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
