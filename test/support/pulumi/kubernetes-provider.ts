/**
 * Replaces Pulumi's Kubernetes provider, which cannot be built from source here: it applies each resource with kubectl's
 * server-side apply and renders charts with Helm. It does not wait, replace resources or encrypt secrets. For tests only.
 *
 * Expects `kubectl` and `helm` on PATH and the cluster in KUBECONFIG.
 */
import { execFile } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { ComponentResource, type ComponentResourceOptions, CustomResource, type Inputs, output } from "@pulumi/pulumi";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { parseAllDocuments } from "yaml";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

class RenderedResource extends CustomResource {}

const CHART = "kubernetes:helm.sh/v4:Chart";

const provider: Provider = {
  version: "4.0.0",
  check: async (_urn, _olds, news) => ({ inputs: news }),
  diff: async (_id, _urn, olds, news) => ({ changes: !isDeepStrictEqual(olds, news) }),
  create: async (_urn, inputs: Manifest) => ({ id: idOf(inputs), outs: await apply(inputs) }),
  update: async (_id, _urn, _olds, inputs: Manifest) => ({ outs: await apply(inputs) }),
  delete: async (_id, _urn, props: Manifest) => {
    await run("kubectl", ["delete", "--ignore-not-found", "--wait=false", "-f", "-"], JSON.stringify(props));
  },
  construct: async (name, type, inputs, options) => {
    if (type !== CHART) throw new Error(`the stand-in provider does not support ${type}`);
    const chart = new ComponentResource(CHART, name, inputs, options);
    await renderChart(name, inputs, chart);
    return { urn: chart.urn, state: {} };
  },
};

async function apply(manifest: Manifest): Promise<Manifest> {
  await run("kubectl", ["apply", "--server-side", "-f", "-"], JSON.stringify(manifest));
  return manifest;
}

function idOf({ metadata }: Manifest): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

async function renderChart(name: string, inputs: Inputs, parent: ComponentResource): Promise<void> {
  const resolved = await new Promise<Inputs>((resolve) => output(inputs).apply(resolve));
  // The real provider leaves out hooks.
  const args = ["template", resolved.name ?? name, resolved.chart, `--namespace=${resolved.namespace ?? "default"}`, "--no-hooks"];
  const text = await run("helm", [...args, "--values=-"], JSON.stringify(resolved.values ?? {}));
  const options: ComponentResourceOptions = { parent };
  for (const document of parseAllDocuments(text)) {
    const manifest = document.toJS() as Manifest;
    const group = manifest.apiVersion.includes("/") ? manifest.apiVersion : `core/${manifest.apiVersion}`;
    const type = `kubernetes:${group}:${manifest.kind}`;
    new RenderedResource(type, `${name}:${idOf(manifest)}`, manifest as unknown as Inputs, options);
  }
}

function run(command: string, args: readonly string[], stdin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr || error.message));
    });
    child.stdin?.end(stdin);
  });
}

await main(provider, process.argv.slice(2));
