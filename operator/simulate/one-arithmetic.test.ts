import fc from "fast-check";
import { expect, it } from "vitest";
import { deployment, gpuOnly, load, NOW_MS, pod, pool, report, snapshot } from "../../test/support/pools.ts";
import { poolKey } from "../api/pool-config.ts";
import type { AvatarPoolSpecInput } from "../api/v1alpha1/index.ts";
import { Forecasts } from "../pool/forecast/forecasts.ts";
import { LoadHub } from "../pool/load/load-hub.ts";
import { plan } from "../pool/plan.ts";
import { emptyWindow, type Window } from "../scaling/window.ts";
import type { FleetView } from "./policy.ts";
import { GroupPlanner } from "./pool-policy.ts";

const GATEWAY = "http://gateway";

/** Change of the world before a plan: counts of launches, and the workers with their sessions. */
const changes = fc.record({
  passedS: fc.constantFrom(1, 4, 20, 70, 400),
  arrived: fc.nat(12),
  missed: fc.nat(3),
  refused: fc.constantFrom(0, 0, 1, 7),
  queued: fc.constantFrom(0, 0, 0, 2, 9),
  staying: fc.array(fc.constantFrom<"starting" | 0 | 1 | 2>("starting", 0, 1, 2), { maxLength: 10 }),
  draining: fc.array(fc.nat(2), { maxLength: 3 }),
});
type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never;

const specs = fc.record({
  slots: fc.constantFrom("auto" as const, "auto" as const, 3, "40%"),
  warmSlots: fc.constantFrom(0, 5),
  schedule: fc.constantFrom<{ cron: string; timeZone: string; duration: string; slots: number }[]>(
    [],
    [{ cron: "2 12 * * *", timeZone: "UTC", duration: "5m", slots: 9 }],
  ),
  scaling: fc.constantFrom({}, { scaleDownAfter: "2m" }, { maxStep: 2 }),
  bounds: fc.constantFrom({ min: 0, max: 14 }, { min: 2, max: 5 }),
  launchSuccess: fc.constantFrom(90, 99.9),
});
type Spec = typeof specs extends fc.Arbitrary<infer T> ? T : never;

function poolOf({ slots, warmSlots, schedule, scaling, bounds, launchSuccess }: Spec) {
  const spec: Partial<AvatarPoolSpecInput> = {
    presets: [{ ...gpuOnly.presets[0]!, warmSlots }],
    workers: [{ ...gpuOnly.workers[0]!, ...bounds }],
    warm: { slots, schedule },
    scaling,
    objective: { launchSuccess },
  };
  return pool(spec);
}

/** The controller: its load hub, its forecasts and its window. */
class Controller {
  readonly #view: ReturnType<typeof pool>;
  readonly #hub = new LoadHub();
  readonly #forecasts = new Forecasts();
  #wanted: Window = emptyWindow;

  constructor(view: ReturnType<typeof pool>) {
    this.#view = view;
    this.#hub.setGateways([GATEWAY], NOW_MS);
    this.#hub.accept(GATEWAY, report("g", [load()]), NOW_MS);
  }

  next(now: FleetView, change: Change) {
    const nowMs = NOW_MS + now.nowS * 1_000;
    const staying = change.staying.map((state, index) => ({
      pod: pod(`s${index}`, state === "starting" ? { stage: "starting" } : {}),
      sessions: state === "starting" ? 0 : state,
    }));
    const draining = change.draining.map((sessions, index) => ({ pod: pod(`d${index}`, { cordonedAtMs: NOW_MS }), sessions }));
    const workers = [...staying, ...draining];
    const seen = snapshot(this.#view, {
      pods: workers.map((worker) => worker.pod),
      deployments: [deployment("gpu", { replicas: workers.length })],
      sessions: Object.fromEntries(workers.map((worker) => [worker.pod.name, worker.sessions])),
      nowMs,
    });
    const { arrived, missed, started, refused, queued } = now;
    const told = load({
      queued: queued === 0 ? {} : { maya: queued },
      shortages: { maya: { worker503: 0, waited: 0, refused } },
      launches: { maya: { arrived, missed, started } },
    });
    this.#hub.accept(GATEWAY, report("g", [told], false), nowMs);
    const reported = { ...this.#hub.view(poolKey(this.#view.config), nowMs), workers: seen.load.workers };
    const groups = seen.groups.map((group) => ({ ...group, wanted: this.#wanted }));
    const observed = { ...seen, load: reported, groups };
    const planned = plan({ ...observed, forecast: this.#forecasts.next(observed) });
    const [group] = planned.groups;
    const [record] = planned.records;
    if (group?.kind !== "scale" || record === undefined) throw new Error("expected a size and a record from the controller");
    this.#wanted = group.wanted;
    const leaving = draining.length + group.step.cordon.length - group.step.uncordon.length;
    return { workers: group.replicas > record.from ? group.replicas : record.from - leaving, record };
  }
}

it("the same launches, sessions and workers give the same size, for the same reason, in the simulator and in the controller", {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(specs, fc.array(changes, { minLength: 1, maxLength: 12 }), (spec, world) => {
      const view = poolOf(spec);
      const [group] = view.config.groups;
      const { slotsPerWorker, min, max, coldStartMs } = group!;
      const shape = { slotsPerWorker, min, max, timeToWarmS: coldStartMs / 1_000 };
      const planner = new GroupPlanner(view.config, group!, shape, NOW_MS);
      const controller = new Controller(view);
      const counts = { nowS: 0, arrived: 0, missed: 0, started: 0, refused: 0 };
      for (const change of world) {
        counts.nowS += change.passedS;
        counts.arrived += change.arrived;
        counts.missed += Math.min(change.missed, change.arrived);
        counts.started += change.arrived;
        counts.refused += change.refused;
        const busy = change.staying.filter((state) => state !== "starting");
        const now: FleetView = {
          ...counts,
          queued: change.queued,
          workers: change.staying.length,
          warmWorkers: busy.length,
          busyWorkers: busy.filter((sessions) => sessions > 0).length,
          sessions: busy.reduce<number>((sum, sessions) => sum + sessions, 0),
          drainingWorkers: change.draining.length,
          drainingSessions: change.draining.reduce<number>((sum, sessions) => sum + sessions, 0),
        };
        const simulated = planner.next(now);
        const { workers, record } = controller.next(now, change);
        expect(record.reason).toContain(simulated.because);
        expect(workers).toBe(simulated.workers);
      }
    }),
  );
});
