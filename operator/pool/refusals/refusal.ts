import { createHash } from "node:crypto";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../kube/types.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";

/** A request of the operator about one object. */
export interface Target {
  readonly verb: "get" | "apply" | "patch" | "delete";
  readonly kind: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string;
  readonly name: string;
}

/** A request that the API server refuses, or fails to carry out for a while. Its name is empty where it is refused for all objects. */
export interface Refusal extends Target {
  /** HTTP status; 0 where we refuse by ourselves, since the object belongs to somebody else. */
  readonly status: number;
  /** The API server's word for it, such as `Invalid`. */
  readonly reason: string;
  /** The API server's own sentence, without secrets. */
  readonly said: string;
  /** Before this time the same request is not sent again. Undefined for a request that is repeated with a short back-off. */
  readonly retryAtMs: number | undefined;
}

export function targetOf(
  verb: Target["verb"],
  { kind, plural }: ResourceType,
  { namespace = "", name = "" }: Partial<ObjectRef>,
  subresource?: string,
): Target {
  return { verb, kind, plural, subresource, namespace, name };
}

export function idOf(target: Target): string {
  return `${kindIdOf(target)} ${keyOf(target)}`;
}

/** Of all objects of the kind, in the pool's namespace. */
export function kindIdOf({ verb, plural, subresource = "" }: Target): string {
  return `${verb} ${plural}/${subresource}`;
}

/**
 * Equal for two requests that ask for the same. Marks and statuses change with time without asking for anything else: for them
 * it is empty. The version that a request depends on does not count.
 */
export function fingerprintOf(sent: object): string {
  const { metadata, ...rest } = sent as KubeObject;
  if (!("spec" in rest || "data" in rest)) return "";
  const { labels, annotations } = metadata ?? {};
  return createHash("sha256")
    .update(JSON.stringify({ ...rest, labels, annotations }))
    .digest("base64url");
}

const MAX_SAID = 600;
/** A sentence that may stand in a status or an event: values of environment variables and what looks like a secret are hidden. */
export function quotable(said: string, sent: object | undefined): string {
  const text = hideSecrets(said, valuesOf(sent));
  return text.length <= MAX_SAID ? text : `${text.slice(0, MAX_SAID)}…`;
}

/** Values of environment variables in a manifest. */
function valuesOf(sent: object | undefined): readonly string[] {
  const { containers = [], initContainers = [] } = (sent as Manifest | undefined)?.spec?.template?.spec ?? {};
  return [...containers, ...initContainers].flatMap(({ env = [] }) => env.flatMap(({ value = "" }) => value));
}

interface Manifest {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: Containers; readonly initContainers?: Containers } };
  };
}

type Containers = readonly { readonly env?: readonly { readonly value?: string }[] }[];
