import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { poolSpecSchema } from "../../api/v1alpha1/index.ts";
import { withClient } from "../cluster.ts";
import { CommandError, usageError } from "../exit.ts";
import type { NamespaceFlags, OutputFlags } from "../flags.ts";
import type { Print } from "../output.ts";
import { plainText } from "../plain-text.ts";
import { show } from "../show.ts";
import { serverCheck } from "./ask-server.ts";
import type { Finding, Skipped } from "./finding.ts";
import { type AskServer, type Linted, lintFile, type Source } from "./lint.ts";

export interface LintFlags extends NamespaceFlags, OutputFlags {
  readonly file: readonly string[];
  readonly server?: boolean;
  readonly strict?: boolean;
}

const MAX_FILES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** `avatarpool lint`. @throws CommandError if there are errors, or advice with `--strict`. */
export async function runLint(flags: LintFlags, print: Print, hint: Print): Promise<void> {
  const sources = await sourcesOf(flags.file);
  const { findings, pools } = flags.server
    ? await withClient(flags, ({ client, namespace }) => lintAll(sources, namespace, serverCheck(client, namespace)))
    : await lintAll(sources, flags.namespace);
  const skipped = flags.server ? [] : [celRules()];
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const advice = findings.length - errors;
  show(flags.output, { pools, errors, advice, findings, notChecked: skipped }, () => findings.map(findingLine), print);
  for (const { check, why } of skipped) hint(`not checked: ${check}. ${why}`);
  hint(`pools: ${pools}, errors: ${errors}, advice: ${advice}`);
  if (pools === 0) throw new CommandError("there is no AvatarPool in these files: check -f", "failed");
  if (errors > 0) throw new CommandError("the API server would reject a pool: correct the errors above", "failed");
  if (advice > 0 && flags.strict) throw new CommandError("--strict makes advice fail: follow it", "failed");
}

async function lintAll(sources: readonly Source[], namespace: string | undefined, ask?: AskServer): Promise<Linted> {
  const findings: Finding[] = [];
  let pools = 0;
  for (const source of sources) {
    const linted = await lintFile(source, namespace, ask);
    findings.push(...linted.findings);
    pools += linted.pools;
  }
  return { pools, findings };
}

function findingLine({ file, line, severity, rule, why, cure }: Finding): string {
  return plainText(`${file}:${line}: ${severity} ${rule}: ${why}; ${cure}`);
}

/** CEL needs the API server: an evaluation with another implementation may differ from it. */
function celRules(): Skipped {
  const count = JSON.stringify(poolSpecSchema.toJSONSchema({ io: "input", unrepresentable: "any" })).split('"rule":').length - 1;
  return { check: `the ${count} CEL rules of the CRD`, why: "The API server evaluates them: add --server" };
}

async function sourcesOf(names: readonly string[]): Promise<readonly Source[]> {
  const files = (await Promise.all(names.map(filesAt))).flat();
  if (files.length > MAX_FILES) throw usageError(`-f names ${files.length} files: name at most ${MAX_FILES}`);
  const sources: Source[] = [];
  for (const file of files) sources.push({ file: file === "-" ? "stdin" : file, text: await read(file) });
  return sources;
}

/** A file, stdin, or the YAML and JSON files of a folder and its subfolders. */
async function filesAt(name: string): Promise<readonly string[]> {
  if (name === "-") return [name];
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`-f ${name} cannot be read (${error.code}): name a file, a folder, or - for stdin`);
  });
  if (!found.isDirectory()) return [name];
  const inside = await readdir(name, { recursive: true });
  return inside
    .filter((file) => /\.(ya?ml|json)$/.test(file))
    .sort()
    .map((file) => path.join(name, file));
}

async function read(file: string): Promise<string> {
  const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  if (content.length > MAX_BYTES) throw usageError(`${file} has more than ${MAX_BYTES / 1024 / 1024} MB: it is no pool file`);
  return content;
}
