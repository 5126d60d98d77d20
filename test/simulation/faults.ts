import { annotations } from "../../operator/api/names.ts";
import { KubeError } from "../../operator/kube/errors.ts";
import { keyOf } from "../../operator/kube/types.ts";
import type { ApiRefusal, ApiTrouble } from "./api.ts";
import { restarted } from "./api-merge.ts";
import { type ApiObject, isDeleting, labelsOf, nodeOf, timeText } from "./api-objects.ts";
import { type Draw, drawGroup } from "./draw-group.ts";
import { memberFaults } from "./member-faults.ts";
import { BROKEN_IMAGE } from "./pod-spec.ts";
import { drawWarm } from "./policy.ts";
import type { Troubled, World } from "./world.ts";

/** Injects a fault into a world. @returns its description; undefined if the world has no target for it. */
type Fault = (world: World, draw: Draw) => string | undefined | Promise<string | undefined>;

type Spec = Record<string, unknown>;
interface GroupSpec extends Spec {
  name: string;
  min: number;
  max: number;
}

/** All faults by name. None of them may make AvatarPool end a session, or lose a launch without an error. */
const faults = {
  ...memberFaults,
  "operator-restarts": async (world, draw) => {
    await world.killOperator();
    const forMs = draw.chance(0.3) ? 0 : draw.int(0, 20) * 1_000;
    // The next operator may lead before all writes of the previous one have ended.
    after(world, forMs, () => world.operator ?? world.startOperator(), "control-plane");
    return `the operator is killed; the next one leads after ${forMs} ms`;
  },
  "operator-upgraded": async (world, draw) => {
    world.version++;
    await world.killOperator();
    const forMs = draw.int(0, 20) * 1_000;
    after(world, forMs, () => world.operator ?? world.startOperator(), "control-plane");
    return `AvatarPool is upgraded to version ${world.version}; its operator leads after ${forMs} ms`;
  },
  "operator-frozen": (world, draw) => {
    if (world.operator === undefined) return undefined;
    const leaseMs = draw.int(15_000, 18_000);
    const forMs = leaseMs + draw.int(-2_000, 20_000);
    world.freezeOperator(forMs, leaseMs, draw.int(0, 1_000));
    return `the operator's machine is suspended for ${forMs} ms; another operator leads after ${leaseMs} ms`;
  },
  "gateway-dies": async (world, draw) => {
    const gateway = draw.one(world.gateways);
    if (gateway === undefined) return undefined;
    await world.killGateway(gateway);
    after(world, draw.int(0, 30) * 1_000, () => world.addGateway());
    return `${gateway.name} is killed`;
  },
  "gateway-added": (world) => {
    if (world.gateways.length >= 4) return undefined;
    world.addGateway();
    return "a gateway starts";
  },
  "gateway-stops": async (world, draw) => {
    const gateway = draw.one(world.gateways);
    if (gateway === undefined || world.gateways.length < 2) return undefined;
    gateway.core.refuseWaiting();
    await world.clock.advance(1);
    await world.killGateway(gateway);
    return `${gateway.name} stops`;
  },
  "stream-breaks": (world, draw) => {
    const gateway = draw.one(world.gateways);
    const forMs = draw.int(1, 30) * 1_000;
    if (gateway === undefined || world.operator === undefined) return undefined;
    world.operator.breakStream(gateway, forMs);
    after(world, forMs, () => {}, "control-plane");
    return `the load stream of ${gateway.name} is broken for ${forMs} ms`;
  },
  "node-lost": (world, draw) => {
    const node = draw.one(world.nodes);
    if (node === undefined) return undefined;
    world.cluster.loseNode(node);
    after(world, draw.int(5, 60) * 1_000, () => world.cluster.addNode({ ...node, cordoned: false }));
    return `${node.name} is removed`;
  },
  "node-drained": (world, draw) => {
    const node = draw.one(world.nodes);
    if (node === undefined) return undefined;
    node.cordoned = true;
    for (const pod of world.cluster.pods()) if (nodeOf(pod) === node.name) evict(world, pod);
    after(world, draw.int(5, 60) * 1_000, () => {
      node.cordoned = false;
    });
    return `${node.name} is drained`;
  },
  "clocks-differ": async (world, draw) => {
    // Within the error of a broken time service before an alert.
    world.clocksWrongByMs = draw.int(-20_000, 20_000);
    if (draw.chance(0.7)) {
      await world.killOperator();
      world.startOperator();
    }
    return `the clocks of processes that start from now on are wrong by ${world.clocksWrongByMs} ms`;
  },
  "api-away": (world, draw) => apiTrouble(world, draw, draw.chance(0.5) ? "fails" : "hangs"),
  "api-slow": (world, draw) => apiTrouble(world, draw, "slow"),
  "api-loses-answers": (world, draw) => apiTrouble(world, draw, "loses-answers"),
  "watch-lags": (world, draw) => {
    const forMs = draw.int(5, 60) * 1_000;
    const lagMs = draw.int(1, 30) * 1_000;
    const view = draw.one(views(world));
    view?.lag(lagMs);
    after(world, forMs, () => view?.lag());
    return `a watch lags by up to ${lagMs} ms for ${forMs} ms`;
  },
  "watch-lost": (world, draw) => {
    const forMs = draw.int(1, 30) * 1_000;
    draw.one(views(world))?.disconnect(forMs);
    after(world, forMs, () => {});
    return `a watch receives nothing for ${forMs} ms`;
  },
  "worker-crashes": (world, draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod !== undefined) world.cluster.crash(pod);
    return pod && `${pod.metadata.name} crashes`;
  },
  "worker-hangs": (world, draw) => {
    const all = [...world.workers.byIp.values()];
    const idle = all.filter(({ active }) => active === 0);
    const worker = draw.one(draw.chance(0.5) && idle.length > 0 ? idle : all);
    const forMs = draw.int(1, 70) * 1_000;
    if (worker === undefined) return undefined;
    worker.hang(forMs);
    after(world, forMs, () => {});
    // Gateways rarely probe an idle worker: launches may come before they notice.
    const preset = draw.one(world.pool.presets)?.name;
    for (let launch = draw.int(0, 4); launch > 0; launch--)
      world.clock.schedule(draw.int(1, 9_000), () => world.clients.launch(preset));
    return `a worker hangs for ${forMs} ms`;
  },
  "worker-refuses": (world, draw) => {
    const worker = draw.one([...world.workers.byIp.values()]);
    const forMs = draw.int(1, 40) * 1_000;
    if (worker === undefined) return undefined;
    worker.refusesUntilMs = world.clock.now() + forMs;
    after(world, forMs, () => {});
    return `a worker with slots rejects launches for ${forMs} ms`;
  },
  "answer-lost": (world) => {
    world.workers.answersToLose++;
    return "the next response of a worker is lost";
  },
  "scaled-by-hand": (world, draw) => {
    const deployment = draw.one(world.deployments());
    const replicas = draw.int(0, 10);
    if (deployment === undefined) return undefined;
    world.cluster.scaleByHand(deployment, replicas);
    return `kubectl scale ${deployment.metadata.name} --replicas ${replicas}`;
  },
  "rollout-restarted": (world, draw) => {
    const deployment = draw.one(world.deployments());
    if (deployment === undefined) return undefined;
    const at = timeText(world.clock.now());
    world.api.update("deployments", keyOf(deployment.metadata), (object) => {
      const spec = object.spec as { readonly template: object };
      return { ...object, spec: { ...spec, template: restarted(spec.template, at) } };
    });
    return `kubectl rollout restart ${deployment.metadata.name}`;
  },
  "worker-drained": (world, draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod === undefined) return undefined;
    const at = timeText(world.clock.now());
    world.api.update("pods", keyOf(pod.metadata), (object) => {
      const { metadata } = object;
      return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotations.drain]: at } } };
    });
    return `kubectl avatarpool drain ${pod.metadata.name}`;
  },
  "pod-deleted": (world, draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod === undefined) return undefined;
    world.cluster.deletePod(pod, "by-hand");
    return `kubectl delete pod ${pod.metadata.name}`;
  },
  "pod-evicted": (world, draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod === undefined) return undefined;
    return `eviction of ${pod.metadata.name}: ${evict(world, pod) ? "allowed" : "rejected"}`;
  },
  "secret-missing": (world, draw) => {
    const secret = world.secrets.get("bithuman");
    if (secret === undefined) return undefined;
    world.secrets.delete("bithuman");
    after(world, draw.int(5, 60) * 1_000, () => world.secrets.set("bithuman", secret), "control-plane");
    return "the API secret is deleted";
  },
  "quota-spent": (world, draw) => {
    world.cluster.quotaSpent = true;
    after(
      world,
      draw.int(5, 60) * 1_000,
      () => {
        world.cluster.quotaSpent = false;
      },
      "control-plane",
    );
    return "a quota keeps new pods from being created";
  },
  "write-refused": (world, draw) => {
    if (world.api.refusal !== undefined) return undefined;
    const refusal = drawRefusal(world, draw);
    const forMs = draw.int(5, 60) * 1_000;
    world.api.refusal = refusal;
    after(world, forMs, () => {
      world.api.refusal = undefined;
    });
    // The next attempt follows after at most twice the time that has passed.
    after(world, 3 * forMs + 20_000, () => {});
    const { plural, subresource = "", key = "every object", error } = refusal;
    return `writes of ${key} (${plural}/${subresource}) are rejected with ${error.status} for ${forMs} ms`;
  },
  "sizes-edited": (world, draw) =>
    editGroup(world, draw, "min and max", (group) => {
      const min = draw.int(0, 3);
      return { ...group, min, max: min + draw.int(1, 8) };
    }),
  "image-edited": (world, draw) =>
    editGroup(world, draw, "image", (group) => ({ ...group, image: `registry.example.com/worker:${draw.int(1, 9)}` })),
  "image-broken": (world, draw) => {
    if (groupsOf(world.spec).some(({ image }) => image === `${BROKEN_IMAGE}:1`)) return undefined;
    const images = new Map(groupsOf(world.spec).map(({ name, image }) => [name, image]));
    const edited = editGroup(world, draw, "an image that does not exist", (group) => ({ ...group, image: `${BROKEN_IMAGE}:1` }));
    after(world, draw.int(20, 90) * 1_000, () => {
      const mended = (group: GroupSpec): GroupSpec => {
        const { image: _, ...rest } = group;
        const image = images.get(group.name);
        return group.image === `${BROKEN_IMAGE}:1` ? { ...rest, ...(image === undefined ? {} : { image }) } : group;
      };
      world.edit("the image is mended", (spec) => ({ ...spec, workers: groupsOf(spec).map(mended) }));
    });
    return edited;
  },
  "slots-edited": (world, draw) =>
    editGroup(world, draw, "sessionsPerWorker", (group) => ({ ...group, sessionsPerWorker: draw.int(1, 4) })),
  "warm-edited": (world, draw) => edit(world, "warm", (spec) => ({ ...spec, warm: drawWarm(draw, draw.int(0, 5)) })),
  "preset-added": (world, draw) => {
    const name = `face-${draw.int(1, 99)}`;
    const preset = { name, image: { url: `https://example.com/${name}.jpg` } };
    return edit(world, `preset ${name} added`, (spec) => ({ ...spec, presets: [...(spec.presets as Spec[]), preset] }));
  },
  "preset-removed": (world) =>
    edit(world, "the last preset removed", (spec) => ({ ...spec, presets: (spec.presets as Spec[]).slice(0, -1) })),
  "group-added": (world, draw) => {
    const group = drawGroup(draw, `more-${draw.int(1, 99)}`);
    return edit(world, `group ${group.name} added`, (spec) => ({ ...spec, workers: [...groupsOf(spec), group] }));
  },
  "group-removed": (world, draw) => {
    const name = draw.one(groupsOf(world.spec))?.name;
    return edit(world, `group ${name} removed`, (spec) => ({
      ...spec,
      workers: groupsOf(spec).filter((group) => group.name !== name),
    }));
  },
  paused: (world, draw) => {
    const pause = (paused: boolean) => (spec: Spec) => ({ ...spec, scaling: { ...(spec.scaling as Spec), paused } });
    after(world, draw.int(5, 60) * 1_000, () => world.edit("scaling goes on", pause(false)));
    return edit(world, "scaling paused", pause(true));
  },
  "queue-edited": (world, draw) =>
    edit(world, "the queue", (spec) => ({
      ...spec,
      launch: { queue: { length: draw.int(0, 50), deadline: `${draw.int(5, 120)}s` } },
    })),
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as readonly FaultName[];

/** Injects one fault. */
export async function strike(world: World, name: FaultName, draw: Draw): Promise<void> {
  const what = await (faults[name] as Fault)(world, draw);
  if (what === undefined) return;
  world.timeline.note("fault", `${name}: ${what}`);
  world.troubled(ofControlPlane.has(name) ? "control-plane" : "anything");
}

/** Faults that do not affect gateways and workers. */
const ofControlPlane: ReadonlySet<FaultName> = new Set<FaultName>([
  "operator-restarts",
  "operator-upgraded",
  "operator-frozen",
  "stream-breaks",
  "api-away",
  "api-slow",
  "api-loses-answers",
  "secret-missing",
  "quota-spent",
]);

/** Ends the fault later. The world is troubled until then. */
function after(world: World, delayMs: number, undo: () => unknown, what?: Troubled): void {
  world.undoAfter(delayMs, undo, what);
}

function apiTrouble(world: World, draw: Draw, trouble: ApiTrouble): string | undefined {
  if (world.api.trouble !== undefined) return undefined;
  const forMs = draw.int(1, 60) * 1_000;
  world.api.trouble = trouble;
  if (trouble === "fails" || trouble === "hangs") for (const view of views(world)) view.disconnect(forMs);
  after(
    world,
    forMs,
    () => {
      world.api.trouble = undefined;
    },
    "control-plane",
  );
  return `the API server ${trouble} for ${forMs} ms`;
}

/** For one object or a whole kind, as a validation, an admission webhook or a missing permission does. */
function drawRefusal(world: World, draw: Draw): ApiRefusal {
  const status = (code: number, reason: string, said: string) => new KubeError(said, { status: code, reason, said });
  const webhook = status(403, "Forbidden", 'admission webhook "policy.test" denied the request: no');
  const right = status(403, "Forbidden", 'pods "x" is forbidden: User "operator" cannot patch resource "pods" in API group ""');
  const of = (plural: string, key: string | undefined, error: KubeError, subresource?: string) => ({
    plural,
    key,
    error,
    subresource,
  });
  const groups = world.pool.groups.map(({ deploymentName }) => keyOf({ namespace: world.pool.namespace, name: deploymentName }));
  const pod = draw.one(world.cluster.pods());
  const podKey = pod && keyOf(pod.metadata);
  return draw.one([
    of("deployments", draw.one(groups), status(422, "Invalid", "spec.template.spec: Invalid value")),
    of("deployments", draw.one(groups), webhook),
    of("deployments", undefined, webhook),
    of("pods", podKey, podKey === undefined ? right : webhook),
    of("pods", undefined, right),
    of("pods", podKey, podKey === undefined ? right : webhook, "status"),
    of("avatarpools", undefined, webhook),
    of("avatarpools", undefined, webhook, "status"),
  ]) as ApiRefusal;
}

function views(world: World) {
  return [...(world.operator?.views ?? []), ...world.gateways.flatMap((gateway) => gateway.views)];
}

/** The Eviction API: rejects an eviction that a PodDisruptionBudget does not allow. */
function evict(world: World, pod: ApiObject): boolean {
  if (isDeleting(pod)) return true;
  const guarded = [...world.api.of("poddisruptionbudgets").values()].some((budget) => {
    const { selector } = budget.spec as { readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> } };
    return Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labelsOf(pod)[name] === value);
  });
  if (!guarded) world.cluster.deletePod(pod, "by-hand");
  return !guarded;
}

function edit(world: World, what: string, change: (spec: Spec) => Spec): string | undefined {
  return world.edit(what, change) ? `edited: ${what}` : undefined;
}

function editGroup(world: World, draw: Draw, what: string, change: (group: GroupSpec) => GroupSpec): string | undefined {
  const name = draw.one(groupsOf(world.spec))?.name;
  const changed = (group: GroupSpec) => (group.name === name ? change(group) : group);
  return edit(world, `${what} of ${name}`, (spec) => ({ ...spec, workers: groupsOf(spec).map(changed) }));
}

function groupsOf(spec: Spec): readonly GroupSpec[] {
  return spec.workers as readonly GroupSpec[];
}
