import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { admissionCure } from "../../operator/pool/conditions/admission-cures.ts";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** A rejected write affects only its object. The pool quotes the API server, and everything else continues. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

const presets = [
  { name: "maya", image: { url: "http://images.test/maya.jpg" } },
  { name: "nora", image: { url: "http://images.test/nora.jpg" } },
];
const second = gpuGroup({ name: "more", min: 1, presets: ["nora"] });
const first = (group: object = {}) => gpuGroup({ min: 1, presets: ["maya"], ...group });

const serves = async (scenario: Scenario, preset: string) =>
  expect((await scenario.launch({ fields: { avatar_id: preset } })).status).toBe(200);

const refusedEvents = async (scenario: Scenario) => (await scenario.events("WriteRefused")).map(({ note }) => note ?? "");

describe.concurrent("a Deployment that the API server rejects", () => {
  it("because a request is above its limit: the other group serves, and a correction is written at once", async () => {
    const scenario = await stage.scenario("above-limit");
    await scenario.pool({
      presets,
      workers: [first({ resources: { requests: { memory: "32Gi" }, limits: { memory: "20Gi" } } }), second],
    });
    const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
    expect(message).toContain(
      "the API server rejects the request to write Deployment above-limit/pool-gpu of group gpu (422 Invalid): ",
    );
    expect(message).toMatch(/spec[.]template[.]spec[.]containers\[0\][.]resources[.]requests: Invalid value: "32Gi"/);
    await scenario.until("the other group to be ready", async () => (await scenario.status()).groups?.[1]?.ready === 1);
    await serves(scenario, "nora");
    expect(await refusedEvents(scenario)).toHaveLength(1);

    await scenario.pool({ presets, workers: [first(), second] });
    await scenario.condition("Ready", { status: "True" });
    await serves(scenario, "maya");
    expect(await refusedEvents(scenario)).toHaveLength(1);
  });

  it("because a policy denies it: the pool names the policy, and recovers once the policy is removed", async () => {
    const scenario = await stage.scenario("policy");
    await scenario.kubectl(["apply", "-f", "-"], denying("no-such-workers", "policy", "object.metadata.name != 'pool-gpu'"));
    // The API server enforces a policy after a short delay.
    await scenario.until("the policy to take effect", async () => {
      const args = ["create", "deployment", "pool-gpu", "--image=x", "--dry-run=server"];
      return (await stage.plane.kubectl(["--namespace", "policy", ...args])).stderr.includes("no-such-workers");
    });
    await scenario.pool({ presets, workers: [first(), second] });
    const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
    expect(message).toContain("ValidatingAdmissionPolicy 'no-such-workers' with binding 'no-such-workers' denied request");
    expect(message).toContain("change the pool so that ValidatingAdmissionPolicy no-such-workers admits it, or change the policy");
    await scenario.until("the other group to be ready", async () => (await scenario.status()).groups?.[1]?.ready === 1);
    await serves(scenario, "nora");
    await scenario.kubectl(["delete", "validatingadmissionpolicybinding", "no-such-workers"]);
    await scenario.condition("Ready", { status: "True" });
    await serves(scenario, "maya");
  });
});

describe.concurrent("pods that the API server rejects", () => {
  it("because of a quota: the pool names the quota", async () => {
    const scenario = await stage.scenario("quota");
    await scenario.kubectl(["create", "quota", "few", "--hard=pods=0"]);
    await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkersRefused" });
    expect(message).toMatch(
      /exceeded quota: few, requested: pods=1, used: pods=0, limited: pods=0": raise the quota named few, or lower max$/,
    );
    await scenario.kubectl(["delete", "quota", "few"]);
    await scenario.condition("Ready", { status: "True" });
  });

  it("because of a LimitRange: the pool names the field and the bound", async () => {
    const scenario = await stage.scenario("limit-range");
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "small" } };
    await scenario.kubectl(
      ["apply", "-f", "-"],
      stringify({ ...range, spec: { limits: [{ type: "Container", max: { memory: "4Gi" } }] } }),
    );
    await scenario.pool({ workers: [gpuGroup({ min: 1, resources: { limits: { memory: "8Gi" }, requests: { memory: "8Gi" } } })] });
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkersRefused" });
    expect(message).toContain("a LimitRange of the namespace allows at most 4Gi memory for each Container");
  });

  it("because of the Pod Security Standard of the namespace: the pool names the level and the rules", async () => {
    const scenario = await stage.scenario("restricted");
    await scenario.kubectl(["label", "namespace", "restricted", "pod-security.kubernetes.io/enforce=restricted"]);
    await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkersRefused" });
    expect(message).toContain('violates PodSecurity "restricted:latest": ');
    expect(message).toContain("the namespace enforces the Pod Security Standard restricted:latest");
  });
});

describe.concurrent("the messages of this version's admission plugins", () => {
  const pod = (resources: object, spec: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "x" },
    spec: { containers: [{ name: "worker", image: "x", resources }], ...spec },
  });
  const range = (limit: object) => ({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "r" }, spec: { limits: [limit] } });
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" }, spec: { hard: { "limits.cpu": "9" } } };

  it.each([
    ["priority-class", undefined, pod({}, { priorityClassName: "nope" }), /^create PriorityClass nope,/],
    ["runtime-class", undefined, pod({}, { runtimeClassName: "nope" }), /^create RuntimeClass nope,/],
    ["service-account", undefined, pod({}, { serviceAccountName: "nope" }), /^create ServiceAccount nope$/],
    ["quota-cpu", quota, pod({}), /^the quota named q requires limits[.]cpu for every container: /],
    [
      "range-max",
      range({ type: "Container", max: { cpu: "2" } }),
      pod({ limits: { cpu: "4" } }),
      /at most 2 cpu for each Container/,
    ],
    ["range-pod", range({ type: "Pod", max: { memory: "1Gi" } }), pod({}), /at most 1Gi memory for each Pod/],
    [
      "range-min",
      range({ type: "Container", min: { cpu: "500m" } }),
      pod({ requests: { cpu: "10m" }, limits: { cpu: "1" } }),
      /at least 500m cpu for each Container/,
    ],
    [
      "range-ratio",
      range({ type: "Container", maxLimitRequestRatio: { cpu: "2" } }),
      pod({ requests: { cpu: "1" }, limits: { cpu: "4" } }),
      /a limit of at most 2 times the request for each Container/,
    ],
  ])("%s: the message has its remedy", async (namespace, rule, refused, cure) => {
    const scenario = await stage.scenario(namespace, { secret: false });
    if (rule !== undefined) await scenario.kubectl(["create", "-f", "-"], stringify(rule));
    // The plugins observe a rule and the namespace's ServiceAccount after a short delay.
    await scenario.until(`the rule to take effect: ${cure.source}`, async () => {
      const args = ["--namespace", namespace, "create", "--dry-run=server", "-f", "-"];
      const { stderr } = await stage.plane.kubectl(args, { stdin: stringify(refused) });
      return cure.test(admissionCure(stderr.trim()) ?? "");
    });
  });
});

describe("a permission that the operator lacks", () => {
  /** Runs the test while the operator's role has other rules. Then it restores them. */
  async function withRules(
    change: (rules: readonly Rule[]) => readonly Rule[],
    test: (restore: () => Promise<unknown>) => Promise<void>,
  ) {
    const roles = JSON.parse((await stage.plane.kubectl(["get", "clusterroles", "-o", "json"])).stdout) as {
      readonly items: readonly { readonly metadata: { readonly name: string }; readonly rules: readonly Rule[] | null }[];
    };
    const role = roles.items.find(
      ({ metadata, rules }) => metadata.name.includes("avatarpool") && rules?.some(isOf("poddisruptionbudgets")),
    );
    const rules = role?.rules ?? [];
    const setRules = (wanted: readonly Rule[]) => {
      const patch = JSON.stringify({ rules: wanted });
      return stage.plane.kubectl(["patch", "clusterrole", role?.metadata.name ?? "", "--type=merge", "-p", patch]);
    };
    await setRules(change(rules));
    try {
      await test(() => setRules(rules));
    } finally {
      await setRules(rules);
    }
  }

  it("is reported in the pool's condition, and the pool is ready again once it is granted", async () => {
    const readOnly = (rule: Rule) => (isOf("poddisruptionbudgets")(rule) ? { ...rule, verbs: ["get", "list", "watch"] } : rule);
    await withRules(
      (rules) => rules.map(readOnly),
      async (restore) => {
        const scenario = await stage.scenario("no-right");
        await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
        const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
        expect(message).toContain('cannot patch resource "poddisruptionbudgets" in API group "policy"');
        expect(message).toMatch(/: grant \S+ the verb patch on poddisruptionbudgets, as the chart's role does;/);
        await scenario.until("a ready worker", async () => (await scenario.status()).groups?.[0]?.ready === 1);
        expect((await scenario.launch()).status).toBe(200);
        expect(await refusedEvents(scenario)).toHaveLength(1);
        await restore();
        await scenario.condition("Ready", { status: "True" });
      },
    );
  });

  it("to watch NetworkPolicies does not keep the operator from work", async () => {
    await withRules(
      (rules) => rules.filter((rule) => !isOf("networkpolicies")(rule)),
      async () => {
        await stage.operator.process.stop();
        await stage.restartOperator();
        const scenario = await stage.scenario("no-policies");
        await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
        const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
        expect(message).toMatch(/cannot get resource "networkpolicies" .*: grant \S+ the verb get on networkpolicies/);
        await scenario.until("a ready worker", async () => (await scenario.status()).groups?.[0]?.ready === 1);
      },
    );
  });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function isOf(resource: string): (rule: Rule) => boolean {
  return ({ resources = [] }) => resources.includes(resource);
}

/** A policy that denies Deployments of one namespace for which the expression is false. */
function denying(name: string, namespace: string, expression: string): string {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const resourceRules = [
    { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
  ];
  const policy = {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: { matchConstraints: { resourceRules }, validations: [{ expression, reason: "Forbidden" }] },
  };
  const binding = {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ["Deny"],
      matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
    },
  };
  return `${stringify(policy)}---\n${stringify(binding)}`;
}
