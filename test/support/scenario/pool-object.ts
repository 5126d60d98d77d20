/** The default pool of scenarios: one preset on one GPU group. It does not scale down within a test. `spec` overrides its fields. */
export function poolObject(spec: object): object {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { name: "pool" },
    spec: {
      apiSecretRef: { name: "bithuman" },
      presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }],
      workers: [gpuGroup()],
      warm: { slots: 1 },
      scaling: { scaleDownAfter: "5m" },
      // Shorter than the test timeout, so that a launch without a slot fails with its own error.
      launch: { queue: { deadline: "1m" } },
      ...spec,
    },
  };
}

/** A GPU group with two sessions per worker. `group` overrides its fields. */
export function gpuGroup(group: object = {}): object {
  return { name: "gpu", engine: "expression", max: 4, sessionsPerWorker: 2, ...group };
}

/** A CPU group. `group` overrides its fields. */
export function cpuGroup(group: object = {}): object {
  return { name: "cpu", engine: "essence", image: "registry.test/essence-worker:1", max: 2, ...group };
}
