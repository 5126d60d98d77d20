import type { V1Lease } from "@kubernetes/client-node";
import { microTime } from "./micro-time.ts";
import type { Json, ObjectRef } from "./types.ts";

export type Lease = Json<V1Lease>;

/** Identity of the lease's holder; undefined if the lease is free or released. */
export function holderOf(lease: Lease): string | undefined {
  return lease.spec?.holderIdentity || undefined;
}

export interface Holder {
  /** Unique among the candidates. */
  readonly identity: string;
  /** Annotations of the lease while this candidate holds it. A value that is undefined removes the one of an earlier holder. */
  readonly annotations?: Readonly<Record<string, string | undefined>> | undefined;
}

/** A lease held by a candidate from now on. `current` is the lease to replace; undefined creates one. */
export function acquired(current: Lease | undefined, ref: ObjectRef, holder: Holder, leaseMs: number, nowMs: number): Lease {
  const { identity, annotations = {} } = holder;
  const metadata = current?.metadata ?? { namespace: ref.namespace, name: ref.name };
  const kept = Object.entries({ ...metadata.annotations, ...annotations }).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  const spec = current?.spec;
  const now = microTime(nowMs);
  const handedOver = current !== undefined && holderOf(current) !== identity;
  return {
    ...current,
    metadata: { ...metadata, annotations: Object.fromEntries(kept) },
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
