import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/**
 * A kubeconfig as kubectl reads it. Only the entries of the current context must be complete. Other entries may be invalid, and
 * fields that this program does not read may have any value.
 */

/** Like kubectl, reads a number in place of a string as its digits. */
const digits = z.union([z.string(), z.number().transform(String)]);
const text = digits.optional().catch(undefined);

const clusterSchema = z.object({
  server: text,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().optional().catch(undefined),
  "tls-server-name": text,
  "proxy-url": text,
});

const execSchema = z.object({
  apiVersion: z.string().default("client.authentication.k8s.io/v1"),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  provideClusterInfo: z.boolean().optional().catch(undefined),
});

const userSchema = z.object({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  "as-uid": text,
  "as-groups": z.array(z.string()).nullish(),
  "as-user-extra": z.record(z.string(), z.array(z.string())).nullish(),
  "auth-provider": z.object({ name: z.string() }).loose().nullish(),
  exec: execSchema.nullish(),
});

const contextSchema = z.object({ cluster: text, user: text, namespace: text });

const fileSchema = z.object({
  "current-context": text,
  clusters: z.array(z.unknown()).nullish(),
  users: z.array(z.unknown()).nullish(),
  contexts: z.array(z.unknown()).nullish(),
});

export type ClusterEntry = z.output<typeof clusterSchema>;
export type UserEntry = z.output<typeof userSchema>;
export type ContextEntry = z.output<typeof contextSchema>;

/** Entries are as they were written: each is checked when it is used. */
interface NamedSection {
  readonly value: unknown;
  /** The file that contains the entry. */
  readonly file: string;
}

export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, NamedSection>;
  readonly users: ReadonlyMap<string, NamedSection>;
  readonly contexts: ReadonlyMap<string, NamedSection>;
}

/**
 * @param content of the file. Empty content is an empty kubeconfig.
 * @throws Error that names the file if it is not a kubeconfig.
 */
export function parseKubeconfig(content: string, file: string): Kubeconfig {
  // Windows editors write a byte order mark at the beginning of a file.
  const found = fileSchema.safeParse(parsed(content.replace(/^\uFEFF/, ""), file) ?? {});
  if (!found.success) throw new Error(`kubeconfig ${file} is not readable: ${sentence(found.error)}`);
  const { clusters, users, contexts, "current-context": currentContext } = found.data;
  return {
    currentContext: currentContext || undefined,
    clusters: entries(clusters, "cluster", file),
    users: entries(users, "user", file),
    contexts: entries(contexts, "context", file),
  };
}

/** Merges the files of `$KUBECONFIG` like kubectl: the first file that defines a name or the current context takes precedence. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const merged = (field: "clusters" | "users" | "contexts") => new Map(files.toReversed().flatMap((file) => [...file[field]]));
  return {
    currentContext: files.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    clusters: merged("clusters"),
    users: merged("users"),
    contexts: merged("contexts"),
  };
}

/** @throws Error that names the entry if it is missing or invalid. */
export function clusterOf(config: Kubeconfig, name: string): ClusterEntry & { readonly server: string } {
  const { value, file } = entryOf(config.clusters, "cluster", name);
  const { server, ...cluster } = checked(clusterSchema, value, "cluster", name);
  if (!server) throw new Error(`cluster "${name}" of the kubeconfig has no server; add its URL`);
  return { ...cluster, server, ...absolute(cluster, ["certificate-authority"], file) };
}

/** @throws Error that names the entry if it is missing or invalid. */
export function userOf(config: Kubeconfig, name: string): UserEntry {
  const { value, file } = entryOf(config.users, "user", name);
  const user = checked(userSchema, value, "user", name);
  const { exec } = user;
  // A command with a slash is a path. Other commands are resolved by PATH.
  const command = exec?.command.includes("/") ? absolute(exec, ["command"], file) : {};
  return {
    ...user,
    ...absolute(user, ["client-certificate", "client-key", "tokenFile"], file),
    ...(exec && { exec: { ...exec, ...command } }),
  };
}

/** @throws Error that lists the contexts if none has this name. */
export function contextOf(config: Kubeconfig, name: string): ContextEntry & { readonly cluster: string } {
  const { value } = entryOf(config.contexts, "context", name);
  const { cluster, ...context } = checked(contextSchema, value, "context", name);
  if (!cluster) throw new Error(`context "${name}" of the kubeconfig has no cluster`);
  return { ...context, cluster };
}

function parsed(content: string, file: string): unknown {
  try {
    return parse(content);
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n", 1);
    throw new Error(`kubeconfig ${file} is not YAML: ${reason}`, { cause });
  }
}

function entries(list: readonly unknown[] | null | undefined, kind: string, file: string): ReadonlyMap<string, NamedSection> {
  const named = new Map<string, NamedSection>();
  for (const item of list ?? []) {
    const { name, [kind]: value } = z.looseObject({ name: digits }).catch({ name: "" }).parse(item);
    if (name !== "" && !named.has(name)) named.set(name, { value, file });
  }
  return named;
}

function entryOf(map: ReadonlyMap<string, NamedSection>, kind: string, name: string): NamedSection {
  const entry = map.get(name);
  if (entry !== undefined) return entry;
  const names = map.size === 0 ? "none" : [...map.keys()].join(", ");
  throw new Error(`the kubeconfig has no ${kind} "${name}"; it has ${names}`);
}

function checked<T>(schema: z.ZodType<T>, value: unknown, kind: string, name: string): T {
  const found = schema.safeParse(value ?? {});
  if (found.success) return found.data;
  throw new Error(`${kind} "${name}" of the kubeconfig is invalid: ${sentence(found.error)}`);
}

function sentence(error: z.ZodError): string {
  return error.issues.map(({ path: where, message }) => [...where.map(String), message].join(": ")).join("; ");
}

/** Paths are relative to the directory of their file. */
function absolute<Name extends string>(
  entry: { readonly [Key in Name]?: string | undefined },
  names: readonly Name[],
  file: string,
): { [Key in Name]?: string } {
  const found: { [Key in Name]?: string } = {};
  for (const name of names) {
    const value = entry[name];
    if (value) found[name] = path.resolve(path.dirname(file), value);
  }
  return found;
}
