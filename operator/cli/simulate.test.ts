import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PolicyOf } from "../simulate/comparison.ts";
import { simulate } from "./simulate.ts";
import { type SimulateFlags, simulateOptions } from "./simulate-options.ts";

const POOL = `
apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata: { name: support }
spec:
  apiSecretRef: { name: bithuman }
  presets: [{ name: maya, image: { url: "https://example.com/maya.jpg" } }]
  workers:
    - { name: gpu, engine: expression, sessionsPerWorker: 4, max: 40, costPerHour: 2 }
`;

/** Always two workers with 8 slots. */
const twoWorkers: PolicyOf = () => ({ name: "two", syncS: 60, eventDriven: false, removes: "drained", decide: () => 2 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "simulate-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  await writeFile(path.join(folder, name), content);
  return path.join(folder, name);
}

async function run(pool: string, flags: SimulateFlags = {}): Promise<string[]> {
  const lines: string[] = [];
  await simulate(await file("pool.yaml", pool), simulateOptions(flags), (line) => lines.push(line), {
    ownPolicy: () => twoWorkers,
    assets: async () => ({ script: 'const end = "</script>";', style: "h1 { color: red }" }),
  });
  return lines;
}

interface Answer {
  readonly outcomes: readonly Record<string, unknown>[];
}

const answer = (lines: readonly string[]) => JSON.parse(lines.at(-1) ?? "") as Answer;

describe("simulate", () => {
  it("replays a file with the figures of a calculation by hand", async () => {
    // After an idle hour, ten launches arrive at once: eight find a slot, two wait 100 s. The cost is two workers for 4,600 s.
    const rows = ["0,1", ...Array.from({ length: 10 }, () => "3600,100"), "5200,1"];
    const trace = await file("ten.csv.gz", gzipSync(`arrival_s,duration_s\n${rows.join("\n")}\n`));
    const [own] = answer(await run(POOL, { trace, json: true })).outcomes;
    expect(own).toMatchObject({
      name: "two",
      launches: 11,
      warm: 9,
      waited: 2,
      refused: 0,
      startupS: { p50: 4, p95: 104, p99: 104 },
      wouldHaveEnded: 0,
      directionChangesPerHour: 0,
    });
    expect(own?.workerHours).toBeCloseTo((2 * 4_600) / 3_600, 6);
    expect(own?.cost).toBeCloseTo((2 * 2 * 4_600) / 3_600, 6);
  });

  it("shows the AvatarPool policy and every baseline in aligned columns", async () => {
    const lines = await run(POOL, { generate: "burst", hours: "6", rate: "3", timeToWarm: "45s" });
    const table = lines.slice(lines.findIndex((line) => line.startsWith("policy")));
    expect(table.slice(1, 7).map((line) => line.split(/[ ,]/)[0])).toEqual(["two", "HPA", "KEDA", "Agones", "Agones", "Knative"]);
    expect(new Set(table.slice(0, 7).map((line) => line.length)).size).toBe(1);
    expect(lines[1]).toContain("gpu (0 to 40 workers of 4, warm after 45 s)");
  });

  it("writes a self-contained page", async () => {
    const html = path.join(folder, "page.html");
    await run(POOL.replace("support", '"<b>"'), { html, hours: "2" });
    const page = await readFile(html, "utf8");
    expect(page).toContain("<title>&#60;b&#62;: call-centre</title>");
    // Neither the data nor the script ends its element.
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const report = JSON.parse(/id="report">(.*)<\/script>/.exec(page)?.[1] ?? "");
    expect(report.title).toBe("<b>: call-centre");
    expect(report.outcomes).toHaveLength(6);
  });

  it("allows only the script and the style in the page, and no other source", async () => {
    const html = path.join(folder, "page.html");
    await run(POOL, { html, hours: "2" });
    const page = await readFile(html, "utf8");
    const inPage = (element: RegExp) =>
      `'sha256-${createHash("sha256")
        .update(element.exec(page)?.[1] ?? "")
        .digest("base64")}'`;
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toContain("default-src 'none'; ");
    expect(policy).toContain(`script-src ${inPage(/<script>(.*)<\/script>/)};`);
    expect(policy).toContain(`style-src ${inPage(/<style>(.*)<\/style>/)};`);
    expect(page).not.toMatch(/<link|<img|@import|url\(|https?:/);
  });

  it("fills the preferred group first, then the next group that serves the preset", async () => {
    const two = POOL.replace("max: 40, costPerHour: 2", "max: 1, priority: 2").concat(
      "    - { name: more, engine: expression, sessionsPerWorker: 4, max: 9, min: 3, priority: 1 }\n",
    );
    const rows = ["0,1", ...Array.from({ length: 6 }, () => "3600,100"), "4200,1"];
    const trace = await file("six.csv", `arrival_s,duration_s\n${rows.join("\n")}\n`);
    const [own] = answer(await run(two, { trace, json: true })).outcomes;
    // Four fit on the worker of the first group, two start on the three workers of the second group's minimum.
    expect(own).toMatchObject({ launches: 7, warm: 7 });
    expect(own?.workerHours).toBeCloseTo((4 * 3_600) / 3_600, 6);
    expect(own?.cost).toBeUndefined();
  });

  it.each<[string, string, SimulateFlags, string]>([
    ["a wrong field", POOL.replace("max: 40", "max: many"), {}, "workers[0].max"],
    ["another object", POOL.replace("AvatarPool", "ConfigMap"), {}, "there is no object of kind AvatarPool"],
    ["two pools", `${POOL}---${POOL}`, {}, "there are 2 objects of kind AvatarPool"],
    ["broken YAML", "spec: [", {}, "pool.yaml: "],
    ["no trace file", POOL, { trace: "/nowhere.csv" }, "/nowhere.csv does not exist"],
    ["an unknown generator", POOL, { generate: "storm" }, "expected one of call-centre, burst, batch, sparse"],
    ["a wrong rate", POOL, { rate: "many" }, "--rate many: expected a number"],
    ["a wrong duration", POOL, { cap: "30" }, '--cap: "30" is not a duration'],
    ["a wrong time", POOL, { start: "Monday" }, "--start Monday: expected a time such as 2026-01-05T08:00:00Z"],
    ["two sources", POOL, { trace: "a.csv", hours: "3" }, "--trace contains the arrivals"],
  ])("reports what is wrong with %s", async (_, pool, flags, message) => {
    await expect(run(pool, flags)).rejects.toThrow(message);
  });

  it("rejects a trace that is too short or not a gzip file", async () => {
    const short = await file("short.csv", "arrival_s,duration_s\n0,1\n700,1\n");
    await expect(run(POOL, { trace: short })).rejects.toThrow("covers 700 s, but at least 1200 s are needed");
    const plain = await file("plain.csv.gz", "arrival_s,duration_s\n");
    await expect(run(POOL, { trace: plain })).rejects.toThrow("is not a gzip file");
  });

  it("replays a week of 100,000 sessions, all policies included, in 20 s", async () => {
    // CPU time: other tests may use the machine.
    const before = process.cpuUsage();
    const lines = await run(POOL.replace("max: 40", "max: 400"), { days: "7", rate: "10", json: true });
    expect(answer(lines).outcomes[0]?.launches).toBeGreaterThan(95_000);
    expect(process.cpuUsage(before).user).toBeLessThan(20_000_000);
  }, 120_000);
});
