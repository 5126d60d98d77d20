/**
 * `npm run bench:pulumi [language …]`: from `pulumi up` of the quickstart on an empty cluster until a slot is warm. The operator and
 * the gateway are processes, which start as soon as Kubernetes has started their pods. The last line is one JSON object. The exit
 * status is 1 if a figure is missed.
 */
import { lineOnStderr, startControlPlane, until } from "../support/controlplane/index.ts";
import { startFleet } from "../support/fleet/index.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import { Product } from "../support/product/product.ts";
import { PulumiExamples, shareVenv } from "../support/pulumi/examples.ts";
import { pulumiPython } from "../support/python.ts";
import { ReadyPods } from "../support/ready-pods.ts";
import type { ScenarioResult } from "./figures.ts";
import { runScenarios } from "./scenarios.ts";

const LIMIT_MS = 240_000;
/** Workers start faster than real ones by this factor. */
const TIME_FACTOR = 20;

await runScenarios({
  typescript: () => quickstart("quickstart"),
  python: () =>
    quickstart("quickstart-python", async (folder) => {
      await shareVenv(await pulumiPython(lineOnStderr), folder);
    }),
  go: () => quickstart("quickstart-go"),
});

async function quickstart(example: string, prepare = async (_folder: string) => {}): Promise<ScenarioResult> {
  await ensureBundle(lineOnStderr);
  await using plane = await startControlPlane({ nodes: [{ name: "cpu-0", cpu: "16", memory: "64Gi" }] });
  await using _fleet = await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: TIME_FACTOR });
  await using _kubelet = new ReadyPods(plane, ["avatarpool"]);
  await using product = Product.installed(plane, "bundle");
  const examples = await PulumiExamples.create(plane);
  const folder = await examples.copy(example);
  await prepare(folder);
  const seconds = stopwatch();
  // Includes the compilation of a program, so that the figure does not.
  await examples.pulumi(folder, "install");
  await examples.pulumi(folder, "stack", "init", "dev");
  await examples.pulumi(folder, "config", "set", "imageRegistry", "registry.example.com");
  await examples.pulumi(folder, "preview");
  const preparation = seconds();

  const sinceUp = stopwatch();
  const running = async (component: string) => {
    const selector = `--selector=app.kubernetes.io/component=${component}`;
    await until(`the pod of the ${component}`, LIMIT_MS, async () => {
      const { stdout } = await plane.kubectl([
        "get",
        "pods",
        "--namespace=avatarpool",
        selector,
        "-o=jsonpath={.items[*].status.phase}",
      ]);
      return stdout.includes("Running");
    });
  };
  const processes = async () => {
    await Promise.all([running("gateway"), running("operator")]);
    const podsRunning = sinceUp();
    await product.startGateway();
    await product.startOperator();
    return { podsRunning, processesReady: sinceUp() };
  };
  const [steps] = await Promise.all([processes(), examples.pulumi(folder, "up", "--yes", "--skip-preview")]);
  const warmSlots = async () => {
    const { stdout } = await plane.kubectl(["get", "avp/trial", "--namespace=avatars", "-o=jsonpath={.status.warmSlots}"]);
    return Number(stdout);
  };
  const upEnded = sinceUp();
  await until("a warm slot", LIMIT_MS, async () => (await warmSlots()) > 0);
  const value = sinceUp();
  await examples.pulumi(folder, "destroy", "--yes", "--skip-preview");
  return {
    figures: [{ name: `seconds from pulumi up of ${example} to a warm slot`, value, limit: 30 }],
    details: { ...steps, upEnded, preparation, destroyed: Math.round((sinceUp() - value) * 10) / 10 },
  };
}

function stopwatch(): () => number {
  const startMs = performance.now();
  return () => Math.round((performance.now() - startMs) / 100) / 10;
}
