import { describe, expect, it } from "vitest";
import type { LaunchSource, SimulationMessage } from "./protocol.ts";
import { run } from "./run.ts";

const pool = (worker = "max: 8") => `
apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata: { name: support }
spec:
  apiSecretRef: { name: bithuman }
  presets: [{ name: maya, image: { url: "https://example.com/maya.jpg" } }]
  workers: [{ name: gpu, engine: expression, sessionsPerWorker: 4, costPerHour: 2, ${worker} }]
`;

/** One launch a minute for two hours. */
const recorded: LaunchSource = {
  kind: "recorded",
  fromMs: Date.UTC(2026, 10, 27),
  launches: Array.from({ length: 120 }, (_, minute) => ({ arrivalS: 60 * minute, durationS: 100 })),
};

const messages = (edited: string, source: LaunchSource = recorded, current?: string): readonly SimulationMessage[] => [
  ...run({ pool: edited, source, ...(current !== undefined && { current }) }),
];

function reportOf(all: readonly SimulationMessage[]) {
  const last = all.at(-1);
  if (last?.kind !== "done") throw new Error(JSON.stringify(last));
  return last.report;
}

function failureOf(all: readonly SimulationMessage[]) {
  const [first] = all;
  if (first?.kind !== "failed") throw new Error("the simulation did not fail");
  return first;
}

describe("a simulation in the browser", () => {
  it("reports its progress after each policy, then the outcomes in that order", () => {
    const all = messages(pool());
    const progress = all.flatMap((message) => (message.kind === "progress" ? [message] : []));
    expect(progress.map(({ done, of }) => `${done}/${of}`)).toEqual(["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]);
    expect(progress.map(({ policy }) => policy)).toEqual(reportOf(all).outcomes.map(({ name }) => name));
  });

  it("compares an edited file with the current spec on the same launches", () => {
    const { outcomes } = reportOf(messages(pool("min: 3, max: 8"), recorded, pool("max: 8")));
    const [edited, current] = outcomes;
    expect(edited?.name).toBe("this file, avatarpool 99%");
    expect(current?.name).toBe("current spec, avatarpool 99%");
    expect(edited?.launches).toBe(current?.launches);
    expect(edited?.workerHours).toBeGreaterThan(current?.workerHours ?? 0);
  });

  it("runs the current spec once if the file is unchanged", () => {
    expect(reportOf(messages(pool(), recorded, pool())).outcomes.map(({ name }) => name.split(",")[0])).toEqual([
      "current spec",
      ...["HPA 70%", "KEDA 70%", "Agones 2 servers", "Agones 30% slots", "Knative 70%"],
    ]);
  });

  it("replays a CSV file, or generated launches", () => {
    const text = `arrival_s,duration_s\n${[0, 700, 1_300].map((s) => `${s},60`).join("\n")}\n`;
    expect(reportOf(messages(pool(), { kind: "csv", name: "day.csv", text })).title).toBe("support: day.csv");
    const generated = reportOf(messages(pool(), { kind: "generated", generator: "burst", hours: 2, ratePerMinute: 1 }));
    expect(generated.about[0]).toMatch(/^burst: \d+ launches in 2\.0 h/);
  });

  it("reports each wrong field with its path", () => {
    const { input, problems } = failureOf(messages(pool("max: many")));
    expect(input).toBe("pool");
    expect(problems).toEqual([{ path: "spec.workers[0].max", message: expect.stringContaining("expected number") }]);
  });

  it.each<[string, LaunchSource, string]>([
    ["a short recording", { ...recorded, launches: [{ arrivalS: 5, durationS: 60 }] }, "the recent history covers 5 s"],
    ["a wrong line", { kind: "csv", name: "day.csv", text: "arrival_s,duration_s\nx,1" }, "day.csv, line 2"],
    [
      "too many launches",
      { kind: "generated", generator: "burst", hours: 1_000, ratePerMinute: 100 },
      "exceed 500000 launches; lower one of them",
    ],
  ])("reports what is wrong with the launches: %s", (_, source, message) => {
    expect(failureOf(messages(pool(), source))).toMatchObject({ input: "launches", message: expect.stringContaining(message) });
  });
});
