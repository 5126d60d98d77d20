import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OTHER_CLEANUP_SECONDS, otherVersion } from "../support/product/other-version.ts";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** An upgrade of AvatarPool to a version with another pod template changes no worker unless it is requested. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage?.stop());

const group = (change: object = {}) => gpuGroup({ min: 2, max: 2, coldStart: "2s", ...change });

async function warmPool(namespace: string): Promise<Scenario> {
  const scenario = await stage.scenario(namespace);
  await scenario.readyPool({ workers: [group()] });
  await scenario.until("every worker to be warm", async () => (await scenario.status()).groups?.[0]?.warm === 2);
  return scenario;
}

/** The AvatarPool image that the chart passes to the operator for the helper containers in worker pods. */
async function helperImage(): Promise<string> {
  const path = '{.spec.template.spec.containers[0].env[?(@.name=="AVATARPOOL_IMAGE")].value}';
  const args = ["--namespace=avatarpool", "get", "deployment", "avatarpool-operator", `-o=jsonpath=${path}`];
  return (await stage.plane.kubectl(args)).stdout;
}

const templateOf = async (scenario: Scenario) => (await scenario.deployment())?.spec?.template;
const replaced = (scenario: Scenario, former: readonly string[]) =>
  scenario.until("every worker to be new and warm", async () => {
    const names = await scenario.podNames();
    return names.length === 2 && names.every((name) => !former.includes(name)) && (await scenario.status()).groups?.[0]?.warm === 2;
  });
const isOther = async (scenario: Scenario) =>
  (await templateOf(scenario))?.spec?.terminationGracePeriodSeconds === 3_600 + OTHER_CLEANUP_SECONDS;

describe("helm upgrade to a version that renders another pod template", () => {
  it("changes no Deployment's template, ends no session, reports this, and applies the new template with a change or on request", async () => {
    const [changed, asked] = [await warmPool("changed"), await warmPool("asked")];
    await changed.sessions(2);
    const before = await changed.deployment();
    const workers = [await changed.podNames(), await asked.podNames()];

    await stage.product.upgrade("image.tag=99.0.0");
    await stage.operator.process.stop();
    await stage.restartOperator({ image: await helperImage(), build: { file: await otherVersion(stage.plane.folder) } });
    for (const scenario of [changed, asked]) {
      const message = /group gpu \(avatarpool:test, contract 1\) keeps the pod template of another version/;
      await scenario.condition("TemplateCurrent", { status: "False", reason: "KeptOnUpgrade", message });
    }
    const after = await changed.deployment();
    expect(after?.metadata?.generation).toBe(before?.metadata?.generation);
    expect(after?.spec).toEqual(before?.spec);
    expect((await changed.status()).groups?.[0]?.templateRenderedBy).toBe("avatarpool:test");

    // A change that needs no new worker.
    await changed.changePool({ workers: [group({ max: 3 })] });
    expect(await templateOf(changed)).toEqual(before?.spec?.template);
    expect([await changed.podNames(), await asked.podNames()]).toEqual(workers);
    expect([changed.activeSessions(), changed.kills()]).toEqual([2, []]);

    const env = [{ name: "AVATAR_VIDEO_MAX_FPS", value: "20" }];
    await changed.changePool({ workers: [group({ env })] });
    expect(await isOther(changed)).toBe(true);
    expect((await templateOf(changed))?.spec?.initContainers?.[0]?.image).toMatch(/avatarpool:99\.0\.0$/);
    await changed.condition("TemplateCurrent", { status: "True", reason: "UpToDate" });

    expect(await isOther(asked)).toBe(false);
    await asked.changePool({ workers: [group({ rollout: { onUpgrade: "replace" } })] });
    expect(await isOther(asked)).toBe(true);
    await replaced(asked, workers[1] ?? []);
    await asked.condition("TemplateCurrent", { status: "True" });
    expect([changed.kills(), asked.kills()]).toEqual([[], []]);
  });
});
