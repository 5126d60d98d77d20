import type { Draw } from "./draw-group.ts";
import type { World } from "./world.ts";

/** Pods that end permanently or are not members, and machines that stop responding. */
export const memberFaults = {
  "pod-failed": (world: World, draw: Draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod === undefined) return undefined;
    world.cluster.fail(pod, "Evicted", "The node was low on resource: memory.");
    return `${pod.metadata.name} is evicted by its kubelet`;
  },
  "pods-not-admitted": (world: World, draw: Draw) => {
    if (world.cluster.refusesAdmission) return undefined;
    const forMs = draw.int(5, 60) * 1_000;
    world.cluster.refusesAdmission = true;
    world.undoAfter(forMs, () => {
      world.cluster.refusesAdmission = false;
    });
    return `nodes admit no pod for ${forMs} ms`;
  },
  "pod-copied": (world: World, draw: Draw) => {
    const pod = draw.one(world.cluster.pods());
    if (pod === undefined) return undefined;
    return `${world.cluster.copy(pod, draw.chance(0.5))} is created with the labels of ${pod.metadata.name}`;
  },
  "node-silent": (world: World, draw: Draw) => {
    const node = draw.one(world.nodes);
    if (node === undefined) return undefined;
    const noticedMs = draw.int(5, 40) * 1_000;
    const evictedMs = noticedMs + draw.int(5, 60) * 1_000;
    const removedMs = evictedMs + draw.int(5, 60) * 1_000;
    world.cluster.silenceNode(node, { noticedMs, evictedMs, removedMs });
    world.undoAfter(removedMs + 5_000, () => world.cluster.addNode({ ...node, cordoned: false }));
    return `${node.name} stops responding; detected after ${noticedMs} ms, pods removed after ${removedMs} ms`;
  },
} as const;
