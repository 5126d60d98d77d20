import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { operatorSettings } from "../../operator/settings.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";

/** Optional objects of the chart: network policies, validated by a real API server, and the PodMonitor. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const networkPolicies = ["--show-only=templates/network-policies.yaml", "--set=networkPolicy.enabled=true"];

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  await plane.kubectl(["create", "namespace", "system"]);
});

afterAll(() => plane?.stop());

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}
interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly podSelector?: Selector;
    readonly selector?: Selector;
    readonly ingress?: readonly { readonly ports?: readonly { readonly port: string }[]; readonly from?: readonly Peer[] }[];
    readonly podMetricsEndpoints?: readonly object[];
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { readonly name: string; readonly value?: string }[] }[];
      };
    };
  };
}

async function render(...values: readonly string[]): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await plane.run("helm", ["template", "ap", chart, "--namespace=system", ...values]);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, pod: Readonly<Record<string, string>>): boolean {
  const has = (key: string, values: readonly string[] | undefined) => key in pod && (values?.includes(pod[key] ?? "") ?? true);
  return (
    Object.entries(matchLabels).every(([key, value]) => pod[key] === value) &&
    matchExpressions.every(({ key, values }) => has(key, values))
  );
}

/** Pod labels of operator and gateway from their Deployments. */
async function podLabels(): Promise<{ readonly operator: Record<string, string>; readonly gateway: Record<string, string> }> {
  const deployments = (await render()).filter(({ kind }) => kind === "Deployment");
  const of = (component: string) =>
    deployments.find(({ metadata }) => metadata.name === `ap-${component}`)?.spec.template?.metadata.labels ?? {};
  return { operator: of("operator"), gateway: of("gateway") };
}

/** Whether a policy allows pods with these labels to connect to a port. A rule without `from` allows all pods. */
function letsIn({ spec }: Rendered, port: string, from: Readonly<Record<string, string>>): boolean {
  const rules = (spec.ingress ?? []).filter(({ ports }) => ports === undefined || ports.some((each) => each.port === port));
  return rules.some(({ from: peers }) => peers === undefined || peers.some((peer) => selects(peer.podSelector ?? {}, from)));
}

describe("network policies", () => {
  it("are absent by default, as is the PodMonitor", async () => {
    expect((await render()).map(({ kind }) => kind)).not.toEqual(expect.arrayContaining(["NetworkPolicy"]));
    expect((await render()).map(({ kind }) => kind)).not.toEqual(expect.arrayContaining(["PodMonitor"]));
  });

  it("allow traffic between operator and gateways and launches from any client, and nothing else", async () => {
    const { operator, gateway } = await podLabels();
    const policies = await render(...networkPolicies);
    const [ofOperator, ofGateway, ...more] = policies;
    if (ofOperator === undefined || ofGateway === undefined) throw new Error("expected two policies");
    expect(more).toEqual([]);
    expect([selects(ofOperator.spec.podSelector ?? {}, operator), selects(ofGateway.spec.podSelector ?? {}, gateway)]).toEqual([
      true,
      true,
    ]);
    expect([selects(ofOperator.spec.podSelector ?? {}, gateway), selects(ofGateway.spec.podSelector ?? {}, operator)]).toEqual([
      false,
      false,
    ]);
    const stranger = { app: "stranger" };
    expect([operator, gateway, stranger].map((from) => letsIn(ofGateway, "internal", from))).toEqual([true, true, false]);
    expect(letsIn(ofGateway, "launch", stranger)).toBe(true);
    expect([operator, gateway, stranger].some((from) => letsIn(ofOperator, "internal", from))).toBe(false);
    expect([operator, gateway, stranger].map((from) => letsIn(ofOperator, "console", from))).toEqual([true, false, false]);
  });

  it("admit the listed clients, metrics scrapers and viewers", async () => {
    const agents = "networkPolicy.clients[0].podSelector.matchLabels.app=agents";
    const prometheus = "networkPolicy.metrics[0].podSelector.matchLabels.app=prometheus";
    const ingress = "networkPolicy.viewers[0].podSelector.matchLabels.app=ingress";
    const peers = [agents, prometheus, ingress].map((value) => `--set=${value}`);
    const [ofOperator, ofGateway] = await render(...networkPolicies, ...peers);
    if (ofOperator === undefined || ofGateway === undefined) throw new Error("expected two policies");
    const may = (policy: Rendered, port: string) => ["agents", "prometheus", "ingress"].map((app) => letsIn(policy, port, { app }));
    expect(may(ofGateway, "launch")).toEqual([true, false, false]);
    expect(may(ofGateway, "internal")).toEqual([false, true, false]);
    expect(may(ofOperator, "internal")).toEqual([false, true, false]);
    expect(may(ofOperator, "console")).toEqual([false, false, true]);
  });

  it("of workers admit only operator and gateways, which the operator gets as a setting", async () => {
    const peersOf = async (...values: readonly string[]) => {
      const operator = (await render(...values)).find(
        ({ kind, metadata }) => kind === "Deployment" && metadata.name === "ap-operator",
      );
      const env = operator?.spec.template?.spec.containers[0]?.env ?? [];
      return operatorSettings(Object.fromEntries(env.map(({ name, value }) => [name, value]))).workerPeers as readonly Peer[];
    };
    const { operator, gateway } = await podLabels();
    const peers = await peersOf();
    const admits = (pod: Readonly<Record<string, string>>) => peers.some(({ podSelector }) => selects(podSelector ?? {}, pod));
    expect([operator, gateway, { app: "x" }].map(admits)).toEqual([true, true, false]);
    const home = { matchLabels: { "kubernetes.io/metadata.name": "system" } };
    expect(peers.map(({ namespaceSelector }) => namespaceSelector)).toEqual([home, home]);
    expect(await peersOf("--set=networkPolicy.workers=false")).toEqual([]);
  });

  it("are accepted by the API server", async () => {
    const { stdout } = await plane.run("helm", [
      ...["template", "ap", chart, "--namespace=system", ...networkPolicies],
      "--set=networkPolicy.clients[0].ipBlock.cidr=10.0.0.0/8",
    ]);
    const applied = await plane.kubectl(["apply", "--dry-run=server", "-f", "-"], { stdin: stdout });
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    expect(applied.stdout.split("\n").filter((line) => line.includes("networkpolicy"))).toHaveLength(2);
  });
});

describe("the PodMonitor", () => {
  it("selects the metrics ports of operator and gateway, and carries the labels of the values", async () => {
    const { operator, gateway } = await podLabels();
    const values = "podMonitor.enabled=true,podMonitor.interval=15s,podMonitor.labels.release=prometheus";
    const monitors = (await render(`--set=${values}`)).filter(({ kind }) => kind === "PodMonitor");
    expect(monitors).toHaveLength(1);
    const [monitor] = monitors;
    expect([operator, gateway, { app: "x" }].map((pod) => selects(monitor?.spec.selector ?? {}, pod))).toEqual([true, true, false]);
    expect(monitor?.spec.podMetricsEndpoints).toEqual([{ port: "internal", path: "/metrics", honorLabels: true, interval: "15s" }]);
    expect(monitor?.metadata.labels).toMatchObject({ release: "prometheus" });
  });
});
