import type { V1ObjectMeta } from "@kubernetes/client-node";

/** API location of a kind. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** Any object in JSON form: times are strings, and `apiVersion` and `kind` may be absent in lists. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: Json<V1ObjectMeta>;
}

/** The client's types as JSON: strings in place of `Date`. */
export type Json<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

/** `namespace/name`, the key of an object in stores and queues. */
export type ObjectKey = string;

export function keyOf(ref: { readonly namespace?: string | undefined; readonly name?: string | undefined }): ObjectKey {
  return `${ref.namespace ?? ""}/${ref.name ?? ""}`;
}

export function refOf(key: ObjectKey): ObjectRef {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
