import { describe, expect, it } from "vitest";
import { deployment, gpuGroup, gpuOnly, pod, pool, SIDECAR_IMAGE, snapshot } from "../../../test/support/pools.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { renderTemplate, type WorkerTemplate } from "../../resources/worker-template.ts";
import { plan } from "../plan.ts";
import { statusOf } from "../report/status.ts";
import { conditionsOf } from "./conditions.ts";

const rendered = renderTemplate(pool(gpuOnly).config, pool(gpuOnly).config.groups[0]!, "avatarpool:old");

function seen(standing: WorkerTemplate, spec: Partial<AvatarPoolSpecInput> = gpuOnly) {
  const world = snapshot(pool(spec), { pods: [pod("a")], deployments: [deployment("gpu", { standing })] });
  const planned = plan(world);
  const found = conditionsOf(world, planned);
  const { status, reason, message } = found.find(({ type }) => type === "TemplateCurrent")!;
  return { condition: [status, reason], message, group: statusOf(world, planned, found).groups![0]! };
}

describe("TemplateCurrent", () => {
  it("does not hold while an upgrade keeps a template, and names group, version, consequence and remedy", () => {
    const { condition, message, group } = seen(rendered);
    expect(condition).toEqual(["False", "KeptOnUpgrade"]);
    expect(message).toContain("group gpu (avatarpool:old, contract 1) keeps the pod template of another version");
    expect(message).toMatch(/replaced no workers; corrections of this version .* do not reach these workers: .*onUpgrade/);
    expect(group.templateRenderedBy).toBe("avatarpool:old");
  });

  it("holds after a change of the group or a request updates the template to this version", () => {
    const own = renderTemplate(pool(gpuOnly).config, pool(gpuOnly).config.groups[0]!, SIDECAR_IMAGE);
    expect(seen(own).condition).toEqual(["True", "UpToDate"]);
    expect(seen(own).group).not.toHaveProperty("templateRenderedBy");
    const group = (change: object) => ({ ...gpuOnly, workers: [{ ...gpuGroup, ...change }] });
    expect(seen(rendered, group({ env: [{ name: "A", value: "1" }] })).condition).toEqual(["True", "UpToDate"]);
    expect(seen(rendered, group({ rollout: { onUpgrade: "replace" } })).condition).toEqual(["True", "UpToDate"]);
  });

  it("reports that the sidecar in a kept template is too old for this version", () => {
    const { condition, message } = seen({ ...rendered, contract: 0 });
    expect(condition).toEqual(["False", "SidecarTooOld"]);
    expect(message).toMatch(/gpu \(avatarpool:old, contract 0\).*requires contract 1 or newer.*may never become warm.*onUpgrade/);
  });
});
