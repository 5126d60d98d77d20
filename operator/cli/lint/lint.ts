import { LineCounter, parseAllDocuments } from "yaml";
import { KIND } from "../../api/names.ts";
import { PoolFileError, parsePool } from "../../api/pool-file.ts";
import type { KubeObject } from "../../kube/types.ts";
import { adviceOn, type Written } from "./advice.ts";
import type { Finding, Remark } from "./finding.ts";
import { lineOf } from "./place.ts";

export interface Source {
  readonly file: string;
  readonly text: string;
}

/** What the API server objects to in an object. It is asked about objects that the schema admits. */
export type AskServer = (object: KubeObject) => Promise<readonly Remark[]>;

export interface Linted {
  /** Number of AvatarPools in the file. */
  readonly pools: number;
  readonly findings: readonly Finding[];
}

const SEE_REFERENCE = "see docs/reference.md, or kubectl explain avatarpool.spec";

/** Checks every AvatarPool of a file. Documents of other kinds are skipped. */
export async function lintFile({ file, text }: Source, namespace: string | undefined, askServer?: AskServer): Promise<Linted> {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const findings: Finding[] = [];
  let pools = 0;
  for (const document of documents) {
    const found = (severity: Finding["severity"], remarks: readonly Remark[]) => {
      for (const remark of remarks) findings.push({ file, line: lineOf(document, lines, remark.path), severity, ...remark });
    };
    for (const { message, pos } of document.errors)
      findings.push({
        file,
        line: lines.linePos(pos[0]).line,
        severity: "error",
        rule: "yaml",
        path: "",
        why: firstLine(message),
        cure: "correct the YAML",
      });
    if (document.errors.length > 0) continue;
    const object: unknown = document.toJS();
    if (!isPool(object)) continue;
    pools += 1;
    const { errors, advice } = checked(file, text.slice(...extentOf(document, text)), object, namespace);
    found("error", errors);
    if (errors.length === 0 && askServer !== undefined) found("error", await askServer(object));
    found("advice", advice);
  }
  return { pools, findings: findings.sort((a, b) => a.line - b.line) };
}

function isPool(object: unknown): object is KubeObject & Written {
  return typeof object === "object" && object !== null && "kind" in object && object.kind === KIND;
}

function extentOf({ range }: { readonly range?: readonly [number, number, number] }, text: string): [number, number] {
  return range === undefined ? [0, text.length] : [range[0], range[2]];
}

interface Checked {
  readonly errors: readonly Remark[];
  readonly advice: readonly Remark[];
}

function checked(file: string, text: string, written: Written, namespace: string | undefined): Checked {
  try {
    return { errors: [], advice: adviceOn(parsePool(file, text, namespace), written) };
  } catch (error) {
    if (error instanceof PoolFileError && error.problems.length > 0) {
      const errors = error.problems.map(({ path, message }) => ({
        rule: "schema",
        path,
        why: `${path || "the object"}: ${message}`,
        cure: SEE_REFERENCE,
      }));
      return { errors, advice: [] };
    }
    // Values that only the API server's rules exclude, such as a duration of another format.
    if (!(error instanceof PoolFileError || error instanceof RangeError)) throw error;
    return { errors: [{ rule: "schema", path: "spec", why: error.message, cure: SEE_REFERENCE }], advice: [] };
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
