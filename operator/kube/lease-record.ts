import type { V1Lease } from "@kubernetes/client-node";
import { microTime } from "./micro-time.ts";
import type { Json, ObjectRef } from "./types.ts";

export type Lease = Json<V1Lease>;

/** Identity of the lease's holder; undefined if the lease is free or released. */
export function holderOf(lease: Lease): string | undefined {
  return lease.spec?.holderIdentity || undefined;
}

/** A lease held by `identity` from now on. `current` is the lease to replace; undefined creates one. */
export function acquired(current: Lease | undefined, ref: ObjectRef, identity: string, leaseMs: number, nowMs: number): Lease {
  const spec = current?.spec;
  const now = microTime(nowMs);
  const handedOver = current !== undefined && holderOf(current) !== identity;
  return {
    ...current,
    metadata: current?.metadata ?? { namespace: ref.namespace, name: ref.name },
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime: handedOver || spec?.acquireTime === undefined ? now : spec.acquireTime,
      renewTime: now,
      leaseTransitions: (spec?.leaseTransitions ?? 0) + (handedOver ? 1 : 0),
    },
  };
}

/** The released lease, without a holder, so that the next candidate need not wait. */
export function released(current: Lease, nowMs: number): Lease {
  return { ...current, spec: { ...current.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(nowMs) } };
}
