import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { type Rights, rightsOf } from "../support/rights.ts";

const root = path.join(import.meta.dirname, "..", "..");
const chart = path.join(root, "charts", "avatarpool");

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  for (const namespace of ["avatars", "elsewhere"]) await kubectl("create", "namespace", namespace);
  await kubectl("create", "namespace", "avatarpool");
  // The chart's pods must satisfy the restricted profile.
  await kubectl("label", "namespace", "avatarpool", "pod-security.kubernetes.io/enforce=restricted");
  await helm("install", "avatarpool", chart, "--namespace=avatarpool");
});

afterAll(() => plane?.stop());

/** Standard output of a command that must succeed. */
async function kubectl(...args: readonly string[]): Promise<string> {
  return succeed(await plane.kubectl(args));
}

async function helm(...args: readonly string[]): Promise<string> {
  return succeed(await plane.run("helm", args));
}

function succeed(result: { readonly code: number; readonly stdout: string; readonly stderr: string }): string {
  if (result.code !== 0) throw new Error(result.stderr);
  return result.stdout;
}

/** The API server's authorizer applies a new binding a moment after its write. */
async function expectRights(serviceAccount: string, namespace: string, rights: Rights): Promise<void> {
  const user = `system:serviceaccount:${serviceAccount}`;
  await expect.poll(() => rightsOf(plane, { user, namespace }), { timeout: 10_000 }).toEqual(rights);
}

const WATCH = ["list", "watch"];
const READ = ["get", ...WATCH];

const operatorWherePoolsLive: Rights = {
  "avatarpool.dev/avatarpools": [...READ, "patch"],
  "avatarpool.dev/avatarpools/status": ["patch"],
  "avatarpool.dev/avatarpools/finalizers": ["update"],
  "apps/deployments": [...READ, "create", "patch", "delete"],
  "apps/replicasets": WATCH,
  "/pods": [...WATCH, "patch", "delete"],
  "/pods/status": ["patch"],
  "policy/poddisruptionbudgets": [...READ, "create", "patch"],
  "networking.k8s.io/networkpolicies": [...READ, "create", "patch", "delete"],
  "/configmaps": ["get", "create", "patch"],
  "/secrets": ["get"],
  "events.k8s.io/events": ["list", "create"],
};
const operatorAtHome: Rights = {
  "coordination.k8s.io/leases": ["get", "create", "update"],
  "discovery.k8s.io/endpointslices": WATCH,
};
const operatorEverywhere: Rights = {
  "authentication.k8s.io/tokenreviews": ["create"],
  "authorization.k8s.io/subjectaccessreviews": ["create"],
};
const gatewayWherePoolsLive: Rights = { "avatarpool.dev/avatarpools": WATCH, "/pods": WATCH };
const gatewayAtHome: Rights = { "discovery.k8s.io/endpointslices": WATCH };
const gatewayEverywhere: Rights = { "authentication.k8s.io/tokenreviews": ["create"] };

describe("permissions", () => {
  const table: readonly [user: string, namespace: string, rights: Rights][] = [
    ["avatarpool-operator", "avatars", { ...operatorWherePoolsLive, ...operatorEverywhere }],
    ["avatarpool-operator", "avatarpool", { ...operatorWherePoolsLive, ...operatorAtHome, ...operatorEverywhere }],
    ["avatarpool-gateway", "avatars", { ...gatewayWherePoolsLive, ...gatewayEverywhere }],
    ["avatarpool-gateway", "avatarpool", { ...gatewayWherePoolsLive, ...gatewayAtHome, ...gatewayEverywhere }],
  ];

  it.each(table)("%s has exactly the required permissions in %s", async (user, namespace, rights) => {
    await expectRights(`avatarpool:${user}`, namespace, rights);
  });

  it("are limited to the listed namespaces", async () => {
    await helm("install", "narrow", chart, "--namespace=elsewhere", "--set=crds.install=false", "--set=namespaces={avatars}");
    const operator = "elsewhere:narrow-operator";
    await expectRights(operator, "avatars", { ...operatorWherePoolsLive, ...operatorEverywhere });
    await expectRights(operator, "elsewhere", { ...operatorAtHome, ...operatorEverywhere });
    await expectRights(operator, "default", operatorEverywhere);
    const gateway = "elsewhere:narrow-gateway";
    await expectRights(gateway, "avatars", { ...gatewayWherePoolsLive, ...gatewayEverywhere });
    await expectRights(gateway, "default", gatewayEverywhere);
  });

  it.each(["operator", "gateway"])("let the %s read only the Secrets that the values list, and list none", async (component) => {
    const template = `--show-only=templates/${component}-rbac.yaml`;
    const ofSecrets = async (values: string) => {
      const rendered = parseAllDocuments(await helm("template", "x", chart, template, `--set=${component}.secretAccess.${values}`));
      const rules: readonly { readonly resources: readonly string[] }[] = rendered.flatMap((role) => role.toJS()?.rules ?? []);
      return rules.filter(({ resources }) => resources.includes("secrets"));
    };
    const right = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
    expect(await ofSecrets("enabled=false")).toEqual([]);
    expect(await ofSecrets("enabled=true")).toEqual([right]);
    expect(await ofSecrets(`enabled=true,${component}.secretAccess.names={maker}`)).toEqual([
      { ...right, resourceNames: ["maker"] },
    ]);
  });

  it("require no right outside the namespaces of a namespaced installation", async () => {
    const everything = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
    const installer = { kind: "ServiceAccount", name: "installer", namespace: "default" };
    const objects = ["avatars", "elsewhere"].flatMap((namespace) => {
      const object = (kind: string, rest: object) => ({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind,
        metadata: { name: "installer", namespace },
        ...rest,
      });
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "installer" };
      return [object("Role", { rules: [everything] }), object("RoleBinding", { roleRef, subjects: [installer] })];
    });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "installer", namespace: "default" } };
    const stdin = [account, ...objects].map((object) => stringify(object)).join("---\n");
    expect(await plane.kubectl(["create", "-f", "-"], { stdin })).toMatchObject({ code: 0 });
    const kubeconfig = await plane.serviceAccountKubeconfig("default", "installer");
    const install = (...values: readonly string[]) =>
      plane.run(
        "helm",
        ["install", "closed", chart, "--namespace=elsewhere", "--set=crds.install=false,namespaces={avatars}", ...values],
        { kubeconfig },
      );
    const reviews = "--set=gateway.tokenReview.create=false,console.accessReview.create=false";
    await expect.poll(() => install(reviews), { timeout: 20_000 }).toMatchObject({ code: 0 });
    const gateway = "elsewhere:closed-gateway";
    const operator = "elsewhere:closed-operator";
    await expectRights(gateway, "avatars", gatewayWherePoolsLive);
    await expectRights(operator, "default", {});
    // The documented commands of the cluster's administrator.
    const page = await readFile(path.join(root, "docs", "security.md"), "utf8");
    const commands = [...page.matchAll(/^kubectl (create clusterrole(?:binding)? .*)$/gm)];
    expect(commands).toHaveLength(4);
    for (const [, command = ""] of commands)
      await kubectl(...command.replaceAll("NAMESPACE", "elsewhere").replaceAll("RELEASE", "closed").split(" "));
    await expectRights(gateway, "avatars", { ...gatewayWherePoolsLive, ...gatewayEverywhere });
    await expectRights(operator, "default", operatorEverywhere);
  });
});

describe("the installation", () => {
  it("includes the CRD of crds/", async () => {
    const rendered = parse(await helm("template", "avatarpool", chart, "--show-only=templates/crd.yaml"));
    const source = parse(await readFile(path.join(root, "crds", "avatarpool.dev_avatarpools.yaml"), "utf8"));
    expect(isDeepStrictEqual(rendered.spec, source.spec), "the chart's CRD differs from crds/: run npm run generate").toBe(true);
    expect(await kubectl("get", "avp", "--all-namespaces")).toBe("");
  });

  it.each(["operator", "gateway"])("runs the %s in pods that the restricted profile admits", async (component) => {
    const deployment = JSON.parse(
      await kubectl("get", "deployment", `avatarpool-${component}`, "--namespace=avatarpool", "-o=json"),
    );
    expect(deployment.spec.replicas).toBe(2);
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: component, namespace: "avatarpool" },
      spec: deployment.spec.template.spec,
    };
    const created = await plane.kubectl(["create", "--dry-run=server", "-f", "-"], { stdin: JSON.stringify(pod) });
    expect(created).toMatchObject({ code: 0, stderr: "" });
  });

  it("prints the next steps", async () => {
    const notes = await helm("get", "notes", "avatarpool", "--namespace=avatarpool");
    expect(notes).toContain("http://avatarpool-gateway.avatarpool/avatars/support/launch");
    const pool = notes.slice(notes.indexOf("apiVersion:"), notes.indexOf("EOF\n\n"));
    const applied = await plane.kubectl(["apply", "--dry-run=server", "-f", "-"], { stdin: pool.replaceAll(/^ {5}/gm, "") });
    expect(applied).toMatchObject({ code: 0, stdout: "avatarpool.avatarpool.dev/support created (server dry run)\n" });
  });
});

describe("values", () => {
  const bad: readonly [value: string, sentence: string][] = [
    ["operator.replicas=-1", "at '/operator/replicas': minimum: got -1, want 0"],
    ["operator.replicas=two", "at '/operator/replicas': got string, want integer"],
    ["gateway.service.type=Ingress", "at '/gateway/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"],
    ["namespaces={Avatars}", "at '/namespaces/0': 'Avatars' does not match pattern"],
    ["gateway.defaultPool=support", "at '/gateway/defaultPool': 'support' does not match pattern"],
    ["gateway.bodyLimitMb=0", "at '/gateway/bodyLimitMb': minimum: got 0, want 1"],
    ["logLevel=loud", "at '/logLevel': value must be one of 'debug', 'info', 'warn', 'error'"],
    ["image.repository=", "at '/image/repository': minLength: got 0, want 1"],
    ["image.repository=a@sha256:00", "at '/image/repository': 'a@sha256:00' does not match pattern"],
    ["image.digest=sha256:00", "at '/image/digest': 'sha256:00' does not match pattern"],
    ["gateway.service.ipFamilyPolicy=IPv6", "at '/gateway/service/ipFamilyPolicy': value must be one of"],
    ["gateway.replica=3", "at '/gateway': additional properties 'replica' not allowed"],
    ["networkPolicy.clients[0].host=x", "at '/networkPolicy/clients/0': additional properties 'host' not allowed"],
    ["podMonitor.interval=soon", "at '/podMonitor/interval': 'soon' does not match pattern"],
    ["gateway.httpRoute.enabled=true", "gateway.httpRoute.parentRefs is empty: name the Gateway of the route"],
    ["gateway.certificate.enabled=true", "gateway.certificate.issuerRef.name is empty: name an Issuer or a ClusterIssuer"],
    ["operator.leaderElection.renewSeconds=15", "operator.leaderElection: retrySeconds must be less than renewSeconds"],
    ["installCRDs=true", "at '': additional properties 'installCRDs' not allowed"],
  ];

  it.each(bad)("%s is rejected with the reason", async (value, sentence) => {
    const result = await plane.run("helm", ["template", "x", chart, "--set", value]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain(sentence);
  });

  it("are applied to the objects", async () => {
    const values = {
      image: { repository: "registry.example.com/avatarpool", tag: "edge" },
      imagePullSecrets: [{ name: "pull" }],
      priorityClassName: "system-cluster-critical",
      nodeSelector: { role: "system" },
      tolerations: [{ key: "dedicated", operator: "Exists" }],
      operator: { replicas: 0 },
      gateway: {
        replicas: 0,
        defaultPool: "avatars/support",
        tls: { secretName: "gateway-tls" },
        service: { type: "LoadBalancer", ipFamilyPolicy: "PreferDualStack", annotations: { "example.com/internal": "true" } },
      },
      extraObjects: [
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-map" } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ include "avatarpool.fullname" . }}-text }',
      ],
    };
    const file = path.join(plane.folder, "values.yaml");
    await writeFile(file, stringify(values));
    await helm("install", "tuned", chart, "--namespace=elsewhere", "--set=crds.install=false", `--values=${file}`);

    const get = async (...args: string[]) => JSON.parse(await kubectl("get", ...args, "--namespace=elsewhere", "-o=json"));
    for (const component of ["operator", "gateway"]) {
      const { replicas, template } = (await get("deployment", `tuned-${component}`)).spec;
      const { imagePullSecrets, priorityClassName, nodeSelector, tolerations } = values;
      expect(replicas).toBe(0);
      expect(template.spec).toMatchObject({ imagePullSecrets, priorityClassName, nodeSelector, tolerations });
      expect(template.spec.containers[0].image).toBe("registry.example.com/avatarpool:edge");
    }
    const operator = (await get("deployment", "tuned-operator")).spec.template.spec;
    expect(operator.containers[0].env).toContainEqual({ name: "AVATARPOOL_OPERATOR_NAME", value: "tuned-operator" });
    const service = await get("service", "tuned-gateway");
    expect(service.spec).toMatchObject({ type: "LoadBalancer", ipFamilyPolicy: "PreferDualStack", ports: [{ port: 443 }] });
    const gateway = (await get("deployment", "tuned-gateway")).spec.template.spec;
    expect(gateway.containers[0].env).toContainEqual({ name: "AVATARPOOL_DEFAULT_POOL", value: "avatars/support" });
    expect(gateway.volumes).toContainEqual(expect.objectContaining({ name: "tls" }));
    expect(service.metadata.annotations).toMatchObject({ "example.com/internal": "true" });
    await get("configmap", "tuned-map", "tuned-text");
  });
});

describe("templates", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const rendered = async (...values: readonly string[]) =>
    parseAllDocuments(await helm("template", "x", chart, "--namespace=home", ...values)).map((document) => document.toJS());

  it("can name an image by its digest, also for the helpers in workers", async () => {
    const image = `registry.example.com/avatarpool@${digest}`;
    const values = `--set=image.repository=registry.example.com/avatarpool,image.tag=edge,image.digest=${digest}`;
    const text = JSON.stringify(await rendered(values));
    // Five uses: the operator, the gateway, the uninstall hook, the test, and the variable AVATARPOOL_IMAGE.
    expect(text.split(image)).toHaveLength(6);
    expect(text).toContain(`{"name":"AVATARPOOL_IMAGE","value":"${image}"}`);
    expect(text).not.toContain("edge");
  });

  it("can be part of an umbrella chart with a condition, global values and removed defaults", async () => {
    const umbrella = path.join(plane.folder, "umbrella");
    await cp(chart, path.join(umbrella, "charts", "avatarpool"), { recursive: true });
    const dependencies = [{ name: "avatarpool", version: "*", condition: "avatarpool.enabled" }];
    await writeFile(
      path.join(umbrella, "Chart.yaml"),
      stringify({ apiVersion: "v2", name: "umbrella", version: "1.0.0", dependencies }),
    );
    const own = {
      global: { imageRegistry: "registry.example", region: "x" },
      avatarpool: { gateway: { podSecurityContext: { runAsUser: "" } } },
    };
    await writeFile(path.join(umbrella, "values.yaml"), stringify(own));
    const objects = async (...values: readonly string[]) =>
      parseAllDocuments(await helm("template", "x", umbrella, ...values)).flatMap((document) => document.toJS() ?? []);
    const pods = (await objects()).filter(({ kind }) => kind === "Deployment").map((object) => object.spec.template.spec);
    expect(pods.map(({ containers }) => containers[0].image.split("/")[0])).toEqual(["registry.example", "registry.example"]);
    expect(pods.map(({ securityContext }) => securityContext.runAsUser)).toEqual([undefined, 65_532]);
    expect(await objects("--set=avatarpool.enabled=false")).toEqual([]);
  });

  it("name cluster-scoped objects by release and namespace", async () => {
    const objects = await rendered("--set=crds.install=false");
    const names = objects
      .filter((object) => object?.metadata && object.metadata.namespace === undefined)
      .map(({ metadata }) => metadata.name);
    expect([...new Set(names)].sort()).toEqual([
      "home:x-edit",
      "home:x-gateway-pools",
      "home:x-gateway-token-reviews",
      "home:x-operator-access-reviews",
      "home:x-operator-pools",
      "home:x-view",
    ]);
  });

  it("render no uninstall hook if it is disabled", async () => {
    const kinds = async (value: string) => (await rendered(`--set=uninstall.releasePools=${value}`)).map((object) => object?.kind);
    expect(await kinds("true")).toContain("Job");
    expect(await kinds("false")).not.toContain("Job");
  });
});

// Runs last, because it uninstalls everything.
describe("the lifecycle of a release", () => {
  it("upgrades the CRD with the chart", async () => {
    const older = path.join(plane.folder, "older");
    await cp(chart, older, { recursive: true });
    const file = path.join(older, "files", "crd.yaml");
    const crd = parse(await readFile(file, "utf8"));
    crd.spec.versions[0].additionalPrinterColumns = [];
    await writeFile(file, stringify(crd));
    const columns = () => kubectl("get", "crd", "avatarpools.avatarpool.dev", "-o=jsonpath={..additionalPrinterColumns[*].name}");

    await helm("upgrade", "avatarpool", older, "--namespace=avatarpool");
    expect(await columns()).not.toContain("Sessions");
    await helm("upgrade", "avatarpool", chart, "--namespace=avatarpool");
    expect(await columns()).toContain("Sessions");
  });

  it("keeps the CRD and the pools at uninstall by default", async () => {
    await kubectl("apply", "-f", path.join(root, "examples", "gpu.yaml"));
    await helm("uninstall", "avatarpool", "--namespace=avatarpool", "--no-hooks");
    expect(await kubectl("get", "avatarpools", "--namespace=avatars", "-o=name")).toBe("avatarpool.avatarpool.dev/support\n");

    // A later release adopts them.
    await helm("install", "avatarpool", chart, "--namespace=avatarpool", "--set=crds.keep=false");
    await helm("uninstall", "avatarpool", "--namespace=avatarpool", "--no-hooks");
    await kubectl("wait", "--for=delete", "crd/avatarpools.avatarpool.dev", "--timeout=30s");
  });
});
