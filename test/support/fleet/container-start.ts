import type { V1Secret } from "@kubernetes/client-node";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { secrets } from "../../../operator/kube/resource-types.ts";
import type { Json } from "../../../operator/kube/types.ts";
import type { Container, Pod } from "./pod.ts";

/** The requirements for the start of a container, and the kubelet's error messages. */

export type Environment = Readonly<Record<string, string>>;

/** Images with this in their name cannot be pulled. Runtime classes with this in their name have no handler. */
const MISSING = "does-not-exist";

/** The event message for a pod if the node lacks the handler of its runtime class; undefined if the node has it. */
export function sandboxError({ spec }: Pod): string | undefined {
  const { runtimeClassName = "" } = spec ?? {};
  if (!runtimeClassName.includes(MISSING)) return undefined;
  return `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "${runtimeClassName}" is configured`;
}

/** Limit of one variable including its name and its terminator: MAX_ARG_STRLEN of Linux. */
const VARIABLE_LIMIT_BYTES = 131_072;
const TOO_LONG = "failed to create containerd task: failed to start shim: argument list too long";

/** The error message of a failed pull; undefined if the pull succeeds. */
export function pullError(container: Container): string | undefined {
  const { image = "" } = container;
  if (!image.includes(MISSING)) return undefined;
  return (
    `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": ` +
    `failed to resolve reference "${image}": ${image}: not found`
  );
}

export function pullBackOff(container: Container, error: string): string {
  return `Back-off pulling image "${container.image}": ErrImagePull: ${error}`;
}

/**
 * The container's environment: plain values, and values of Secrets. Other sources are omitted, because no stand-in reads them.
 * @returns the kubelet's error message if a Secret or its key is missing.
 */
export async function environmentOf(
  client: KubeClient,
  namespace: string,
  container: Container,
  signal: AbortSignal,
): Promise<{ readonly env: Environment } | { readonly error: string }> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (value !== undefined) {
      if (Buffer.byteLength(`${name}=${value}`) >= VARIABLE_LIMIT_BYTES) return { error: TOO_LONG };
      // The kubelet does the same before it resolves $(NAME).
      env[name] = value.replaceAll("$$", "$");
    }
    const wanted = valueFrom?.secretKeyRef;
    if (wanted === undefined || wanted.optional) continue;
    const secret = await client.get<Json<V1Secret>>(secrets, { namespace, name: wanted.name ?? "" }, { signal });
    if (secret === undefined) return { error: `secret "${wanted.name}" not found` };
    const data = secret.data?.[wanted.key];
    if (data === undefined) return { error: `couldn't find key ${wanted.key} in Secret ${namespace}/${wanted.name}` };
    env[name] = Buffer.from(data, "base64").toString();
  }
  return { env };
}

/**
 * Delay before the kubelet restarts a container: none the first time, then 10 s, doubled up to 5 min.
 * @param failures number of ends so far, from 1.
 */
export function restartDelayMs(failures: number): number {
  return failures <= 1 ? 0 : backoffMs(failures - 2);
}

/** Back-off of pulls and restarts: 10 s, doubled up to 5 min, counted from 0. */
export function backoffMs(tries: number): number {
  return Math.min(300_000, 10_000 * 2 ** tries);
}
