import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fleetDashboard } from "../../scripts/monitoring/dashboards/fleet.ts";
import { lineOnStderr } from "../support/controlplane/index.ts";
import { ensurePackages } from "../support/debian.ts";
import { expectSamples, type Series } from "./promtool.ts";

/** The dashboard's stacks of the stages of a start-up, evaluated by Prometheus' own promtool. */

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig: { readonly defaults: { readonly custom: { readonly stacking?: { readonly mode: string } } } };
}

let folder: string;

beforeAll(async () => {
  ensurePackages(["prometheus"], lineOnStderr);
  folder = await mkdtemp(path.join(tmpdir(), "avatarpool-startup-"));
});

afterAll(() => rm(folder, { recursive: true }));

const chosen: Readonly<Record<string, string>> = { $job: "system/ap", $namespace: "avatars", $pool: "support" };
const COLD_START = "avatarpool_cold_start_duration_seconds";
const LAUNCH = "avatarpool_launch_stage_duration_seconds";

/** A histogram with one observation per minute, all in the bucket between two bounds in seconds. */
function between([low, high]: readonly [number, number], metric: string, stage: string, pool = "support"): Series {
  const bucket = (le: string) => `${metric}_bucket{job="system/ap",namespace="avatars",pool="${pool}",stage="${stage}",le="${le}"}`;
  return { [bucket(`${low}`)]: "0+0x60", [bucket(`${high}`)]: "0+1x60", [bucket("+Inf")]: "0+1x60" };
}

const withoutWebhook: Series = {
  ...between([0, 2], COLD_START, "schedule"),
  ...between([20, 30], COLD_START, "pull"),
  ...between([2, 4], COLD_START, "create"),
  ...between([30, 40], COLD_START, "load"),
  ...between([1, 3], COLD_START, "warm"),
  ...between([100, 200], LAUNCH, "queue"),
  ...between([0.1, 0.3], LAUNCH, "pick"),
  ...between([0.5, 0.7], LAUNCH, "forward"),
  ...between([4, 6], LAUNCH, "worker"),
  ...between([300, 600], COLD_START, "load", "other"),
};

/** The stacked panel of a percentile: names of its layers, from the bottom, and what they show. */
async function expectStack(title: string, series: Series, layers: Readonly<Record<string, number>>): Promise<void> {
  const { panels } = JSON.parse(fleetDashboard()) as { readonly panels: readonly Panel[] };
  const panel = panels.find((each) => each.title === title);
  expect(panel?.fieldConfig.defaults.custom.stacking?.mode).toBe("normal");
  expect(panel?.targets?.map(({ legendFormat }) => legendFormat)).toEqual(Object.keys(layers));
  await expectSamples(folder, {
    series,
    at: "60m",
    expected: (panel?.targets ?? []).map(({ expr, legendFormat }) => ({
      expr: `round(${expr.replaceAll(/\$\w+/g, (name) => chosen[name] ?? "")}, 0.001)`,
      exp_samples: [{ labels: "{}", value: layers[legendFormat] ?? Number.NaN }],
    })),
  });
}

const workers = { schedule: 1, pull: 25, create: 3, load: 35, warm: 2 };

it("stacks the seven stages of the chosen pools in their order, without the wait for a slot", async () => {
  await expectStack("Start-up by stage, p50", withoutWebhook, { ...workers, launch: 0.8, "first frame": 5 });
});

it("ends with LiveKit's report of the video where the webhook is set up", async () => {
  const series = { ...withoutWebhook, ...between([5, 7], LAUNCH, "first frame") };
  await expectStack("Start-up by stage, p50", series, { ...workers, launch: 0.8, "first frame": 6 });
});

it("shows the slow starts too", async () => {
  const p95 = { schedule: 1.9, pull: 29.5, create: 3.9, load: 39.5, warm: 2.9, launch: 0.98, "first frame": 5.9 };
  await expectStack("Start-up by stage, p95", withoutWebhook, p95);
});
