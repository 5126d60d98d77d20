import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { lineOnStderr, toolPath } from "../support/controlplane/index.ts";
import { run, runChecked } from "../support/controlplane/run.ts";
import { ensurePackages } from "../support/debian.ts";
import { expectSamples, PROMTOOL, type Series } from "./promtool.ts";
import type { Rules } from "./shortened.ts";

/** The chart's rules, as Helm renders them, checked and evaluated by Prometheus' own promtool. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");

let folder: string;

beforeAll(async () => {
  ensurePackages(["prometheus"], lineOnStderr);
  folder = await mkdtemp(path.join(tmpdir(), "avatarpool-rules-"));
  await writeFile(path.join(folder, "rules.yaml"), stringify(await rendered()));
});

afterAll(() => rm(folder, { recursive: true }));

async function rendered(...values: readonly string[]): Promise<Rules> {
  const only = ["--namespace=system", "--show-only=templates/prometheus-rule.yaml", "--set=prometheusRule.enabled=true"];
  return parse(await runChecked(await toolPath("helm"), ["template", "ap", chart, ...only, ...values], "correct the chart")).spec;
}

it("are valid", async () => {
  expect(await run(PROMTOOL, ["check", "rules", path.join(folder, "rules.yaml")], { env: process.env })).toMatchObject({ code: 0 });
});

it("carry the labels and thresholds of the values", async () => {
  const values = ["alertLabels.severity=page", "alertLabels.team=media", "thresholds.misses=7", "job=x", "runbookUrl=http://wiki/"];
  const { groups } = await rendered(`--set=${values.map((value) => `prometheusRule.${value}`).join(",")}`);
  const alerting = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
  expect(alerting.map(({ labels }) => labels)).toEqual(alerting.map(() => ({ severity: "page", team: "media" })));
  expect(JSON.stringify(groups)).toContain(">= 7");
  expect(JSON.stringify(groups)).not.toMatch(/@\w+@|system\/ap/);
  expect(JSON.stringify(groups)).toContain('"runbook_url":"http://wiki/AvatarPoolNoLeader.md"');
});

const withJob = (name: string, job: string) => (name.includes("{") ? name.replace("{", `{job="${job}",`) : `${name}{job="${job}"}`);

/** Fails if other alerts fire at this time. The job of the series is that of the release's PodMonitor. */
async function expectFiring(series: Series, at: string, alerts: readonly string[], job = "system/ap"): Promise<void> {
  await expectSamples(folder, {
    rules: ["rules.yaml"],
    series: Object.fromEntries(Object.entries(series).map(([name, values]) => [withJob(name, job), values])),
    at,
    expected: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        exp_samples: [...alerts].sort().map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
      },
    ],
  });
}

const led: Series = { 'avatarpool_leader{namespace="system"}': "1+0x300" };
const pool = 'namespace="avatars",pool="support"';
const launches = (outcome: string, path: string) => `avatarpool_launches_total{${pool},outcome="${outcome}",path="${path}"}`;
const objective = (ratio: number): Series => ({
  ...led,
  [`avatarpool_objective_launch_success_ratio{${pool}}`]: `${ratio}+0x300`,
});
const FAST = "AvatarPoolLaunchBudgetBurnsFast";
const SLOW = "AvatarPoolLaunchBudgetBurnsSlowly";

describe("the launch objective", () => {
  it("20% misses of an objective of 99% are a fast burn after minutes, summed over gateways", async () => {
    const series = {
      ...objective(0.99),
      [launches("served", "warm").replace("{", '{pod="a",')]: "0+8x300",
      [launches("served", "queued").replace("{", '{pod="b",')]: "0+1x300",
      [launches("deadline_exceeded", "").replace("{", '{pod="b",')]: "0+1x300",
    };
    await expectFiring(series, "4m", []);
    await expectFiring(series, "10m", [FAST]);
    await expectFiring(series, "60m", [FAST, SLOW]);
  });

  it("5% misses are a slow burn, and 0.5% are none", async () => {
    const of = (misses: string) => ({
      ...objective(0.99),
      [launches("served", "warm")]: "0+95x300",
      [launches("served", "cold")]: misses,
    });
    await expectFiring(of("0+5x300"), "4h", [SLOW]);
    await expectFiring(of("0+0.4x300"), "4h", []);
  });

  it("repeats and errors of clients are neither success nor miss", async () => {
    const series = {
      ...objective(0.99),
      [launches("served", "warm")]: "0+1x300",
      [launches("served", "repeated")]: "0+50x300",
      [launches("bad_request", "")]: "0+50x300",
      [launches("worker_rejected", "warm")]: "0+50x300",
    };
    await expectFiring(series, "2h", []);
  });

  it("a pool without any success burns its budget, also with a low objective", async () => {
    await expectFiring({ ...objective(0.5), [launches("worker_failed", "warm")]: "0+1x300" }, "30m", [FAST, SLOW]);
  });

  it("four misses are no burn", async () => {
    await expectFiring({ ...objective(0.99), [launches("served", "queued")]: "0+1x4 4+0x300" }, "6m", []);
  });

  it("a burn that has ended fires no longer", async () => {
    const series = {
      ...objective(0.99),
      [launches("served", "warm")]: "0+9x300",
      [launches("served", "queued")]: "0+3x10 30+0x300",
    };
    await expectFiring(series, "10m", [FAST]);
    await expectFiring(series, "50m", [SLOW]);
  });
});

describe("the pool", () => {
  const warm = (slots: string, wanted: string) => ({
    ...led,
    [`avatarpool_warm_slots{${pool},preset="maya"}`]: slots,
    [`avatarpool_warm_slots_wanted{${pool},preset="maya"}`]: wanted,
  });

  it("without warm slots fires after five minutes, if it requires any", async () => {
    await expectFiring(warm("0+0x20", "1+0x20"), "4m", []);
    await expectFiring(warm("0+0x20", "1+0x20"), "6m", ["AvatarPoolNoWarmSlot"]);
    await expectFiring(warm("0+0x20", "0+0x20"), "6m", []);
  });

  it("at its maximum fires only while launches find no slot", async () => {
    const at = (pressure: string) => ({
      ...led,
      [`avatarpool_pool_condition{${pool},type="AtMaximum",status="True"}`]: "1+0x20",
      [`avatarpool_pressure{${pool}}`]: pressure,
    });
    await expectFiring(at("3+0x20"), "11m", ["AvatarPoolAtMaximum"]);
    await expectFiring(at("0+0x20"), "11m", []);
  });
});

describe("the installation", () => {
  const leader = (pod: string) => `avatarpool_leader{namespace="system",pod="${pod}"}`;
  const gateways = (pod: string) => `avatarpool_gateways_connected{namespace="system",pod="${pod}"}`;

  it("without a leader fires, whether its operators run or not", async () => {
    await expectFiring({ [leader("a")]: "0+0x20", [leader("b")]: "0+0x20" }, "5m", ["AvatarPoolNoLeader"]);
    await expectFiring({ [leader("a")]: "0+0x20", [leader("b")]: "1+0x20" }, "5m", []);
    await expectFiring({ up: "1+0x20" }, "5m", ["AvatarPoolNoLeader"]);
  });

  it("without a gateway fires by the leader's view alone", async () => {
    await expectFiring({ [leader("a")]: "1+0x20", [gateways("a")]: "0+0x20", [gateways("b")]: "0+0x20" }, "5m", [
      "AvatarPoolGatewayNotServing",
    ]);
    await expectFiring({ [leader("a")]: "1+0x20", [gateways("a")]: "2+0x20", [gateways("b")]: "0+0x20" }, "5m", []);
    await expectFiring({ [leader("a")]: "0+0x20", [gateways("a")]: "0+0x20" }, "5m", ["AvatarPoolNoLeader"]);
  });

  it("ignores the series of another release", async () => {
    const other = { [leader("a")]: "1+0x20", [gateways("a")]: "0+0x20" };
    await expectFiring(other, "5m", ["AvatarPoolNoLeader"], "other/ap");
  });
});
