import { describe, expect, it } from "vitest";
import { deployment, gpuGroup, gpuOnly, pool, snapshot } from "../../test/support/pools.ts";
import { conditionsOf } from "../pool/conditions/conditions.ts";
import { plan } from "../pool/plan.ts";
import { renderTemplate } from "./worker-template.ts";

const of = (overlay: object) => {
  const spec = overlay as Readonly<Record<string, unknown>>;
  const view = pool({ ...gpuOnly, workers: [{ ...gpuGroup, podTemplate: { spec } }] });
  return { view, rendered: renderTemplate(view.config, view.config.groups[0]!, "sidecar:1") };
};
const worker = (container: object) => ({ containers: [{ name: "worker", ...container }] });
const helper = (name: string, container: object) => ({ initContainers: [{ name, ...container }] });

describe("an overlay on the pod", () => {
  it.each<[object, RegExp]>([
    [
      worker({ lifecycle: { preStop: { exec: { command: ["true"] } } } }),
      /preStop hook of container worker must stay.*drain\.timeout/,
    ],
    [worker({ lifecycle: null }), /preStop hook/],
    [worker({ ports: [{ containerPort: 8089, name: "other" }] }), /port http of container worker must stay/],
    [worker({ ports: [{ containerPort: 9, name: "http" }] }), /port http/],
    [worker({ env: [{ name: "MAX_SESSIONS", value: "9" }] }), /BITHUMAN_API_SECRET and MAX_SESSIONS .*sessionsPerWorker/],
    [worker({ env: [{ name: "BITHUMAN_API_SECRET", value: "x" }] }), /set apiSecretRef/],
    [worker({ env: null }), /must stay/],
    [
      helper("drain-hook", { image: "mine" }),
      /container drain-hook must stay unchanged: set its resources with helpers\.resources/,
    ],
    [helper("fetch-assets", { args: ["x"] }), /of container fetch-assets must stay/],
    [helper("fetch-assets", { env: [{ name: "AVATARPOOL_ASSETS_0", value: "[]" }] }), /AVATARPOOL_ASSETS_\*/],
    [{ initContainers: null }, /spec\.initContainers cannot be removed/],
    [{ containers: null }, /spec\.containers cannot be removed/],
    [{ containers: { name: "worker" } }, /spec\.containers must be a list/],
    [{ containers: [{ image: "x" }] }, /spec\.containers\[0\] needs the field name, which identifies the item/],
    [
      {
        volumes: [
          { name: "a", emptyDir: {} },
          { name: "a", emptyDir: {} },
        ],
      },
      /spec\.volumes\[1\] has the same name as an earlier item/,
    ],
    [worker({ $patch: "delete" }), /spec\.containers\[0\]\.\$patch is a patch directive.*set a field to null/],
  ])("is rejected with the problem and the remedy: %j", (spec, sentence) => {
    const { refused } = of(spec).rendered;
    expect(refused).toMatch(/^podTemplate of group gpu is refused: /);
    expect(refused).toMatch(sentence);
  });

  it.each<object>([
    { securityContext: { runAsUser: 1 }, volumes: [{ name: "ca", configMap: { name: "ca" } }] },
    worker({ env: [{ name: "HTTPS_PROXY", value: "http://proxy" }], volumeMounts: [{ name: "ca", mountPath: "/ca" }] }),
    worker({ lifecycle: { postStart: { exec: { command: ["true"] } } }, resources: { limits: { cpu: null } } }),
    helper("fetch-assets", { env: [{ name: "HTTPS_PROXY", value: "http://proxy" }] }),
    { containers: [{ name: "proxy", image: "p", ports: [{ containerPort: 9_090 }] }] },
  ])("may set %j", (spec) => {
    expect(of(spec).rendered.refused).toBeUndefined();
  });

  it("that is rejected keeps the group's current template, and a group without a template gets no workers", () => {
    const { view, rendered } = of(worker({ lifecycle: null }));
    const standing = of({}).rendered;
    const kept = snapshot(view, { deployments: [deployment("gpu", { standing })] });
    expect(plan(kept).groups).toMatchObject([{ kind: "scale", template: { ...standing, kept: "refused" } }]);
    const none = snapshot(view, { deployments: [] });
    expect(plan(none).groups).toMatchObject([{ kind: "refused", why: rendered.refused }]);
    for (const seen of [kept, none]) {
      const found = conditionsOf(seen, plan(seen));
      const ready = { type: "Ready", status: "False", reason: "PodTemplateRefused", message: rendered.refused };
      expect(found.find(({ type }) => type === "Ready")).toEqual(ready);
      expect(found.find(({ type }) => type === "TemplateCurrent")?.status).toBe("True");
    }
  });
});

describe("a pod with an overlay", () => {
  it("has the fields of the overlay, and the fields that no overlay may change", () => {
    const overlay = {
      metadata: { labels: { team: "a" }, annotations: { "sidecar.istio.io/inject": "false" } },
      spec: { ...worker({ securityContext: { runAsUser: 1 }, resources: { limits: { cpu: null } } }), dnsPolicy: "None" },
    };
    const { config } = pool({ ...gpuOnly, workers: [{ ...gpuGroup, podTemplate: overlay }] });
    const { metadata, spec } = renderTemplate(config, config.groups[0]!, "sidecar:1").template;
    expect(metadata).toMatchObject({
      labels: { team: "a", "avatarpool.dev/pool": "support" },
      annotations: { "sidecar.istio.io/inject": "false", "avatarpool.dev/template": expect.any(String) },
    });
    expect(spec).toMatchObject({ dnsPolicy: "None", readinessGates: [{ conditionType: "avatarpool.dev/warm" }] });
    expect(spec?.containers).toHaveLength(1);
    expect(spec?.containers[0]).toMatchObject({ securityContext: { runAsUser: 1 }, lifecycle: { preStop: expect.anything() } });
    expect(spec?.containers[0]?.resources?.limits).not.toHaveProperty("cpu");
  });
});
