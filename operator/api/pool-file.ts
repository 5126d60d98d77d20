import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { KIND } from "./names.ts";
import { type PoolConfig, resolvePool } from "./pool-config.ts";
import { avatarPoolSchema } from "./v1alpha1/index.ts";

/** What the API server adds, so that a file on disk reads like an object of a cluster. */
const stored = { uid: "", generation: 1, resourceVersion: "", creationTimestamp: "" };

const objectSchema = z.looseObject({ kind: z.string().optional(), metadata: z.looseObject({}).optional() });

/** A field of a pool file that is wrong. */
export interface FieldProblem {
  /** Such as `spec.workers[0].max`. */
  readonly path: string;
  readonly message: string;
}

/** A pool file that is not valid. `problems` is empty if the error concerns no single field. */
export class PoolFileError extends Error {
  override readonly name = "PoolFileError";
  readonly problems: readonly FieldProblem[];

  constructor(message: string, problems: readonly FieldProblem[] = []) {
    super(message);
    this.problems = problems;
  }
}

/**
 * The one AvatarPool of a YAML file.
 * @param file its name, for errors.
 * @param namespace of a pool without one.
 * @throws PoolFileError that names the file and each wrong field.
 */
export function parsePool(file: string, text: string, namespace = "default"): PoolConfig {
  const documents = parseAllDocuments(text);
  for (const { errors } of documents) if (errors[0] !== undefined) throw new PoolFileError(`${file}: ${errors[0].message}`);
  const objects = documents.map((document) => objectSchema.safeParse(document.toJS()).data);
  const pools = objects.filter((object) => object?.kind === KIND);
  const [pool] = pools;
  if (pool === undefined) throw new PoolFileError(`${file}: there is no object of kind ${KIND}`);
  if (pools.length > 1) throw new PoolFileError(`${file}: there are ${pools.length} objects of kind ${KIND}; give one at a time`);
  const parsed = avatarPoolSchema.safeParse({ ...pool, metadata: { ...stored, namespace, ...pool.metadata } });
  if (!parsed.success)
    throw new PoolFileError(`${file} is not a valid ${KIND}:\n${z.prettifyError(parsed.error)}`, problemsOf(parsed.error));
  const unknown = unknownFields("spec", pool.spec, parsed.data.spec);
  if (unknown.length > 0) {
    throw new PoolFileError(
      `${file}: no such field as ${unknown.join(", ")}: see docs/reference.md, or kubectl explain avatarpool.spec`,
      unknown.map((path) => ({ path, message: "no such field" })),
    );
  }
  return resolvePool(parsed.data);
}

function problemsOf(error: z.ZodError): readonly FieldProblem[] {
  return error.issues.map(({ path, message }) => ({ path: z.core.toDotPath(path), message }));
}

/** Paths that the schema drops, such as a misspelt field: it would silently have no effect. */
function unknownFields(path: string, written: unknown, read: unknown): readonly string[] {
  if (!isObject(written) || !isObject(read)) return [];
  return Object.entries(written).flatMap(([key, value]) => {
    const here = Array.isArray(written) ? `${path}[${key}]` : `${path}.${key}`;
    return key in read ? unknownFields(here, value, read[key]) : [here];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
