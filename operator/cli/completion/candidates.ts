import type { Command, Option } from "commander";

/** What the cluster has to be asked for. */
export type Wanted = "pools" | "workers" | "groups" | "namespaces";

/** How to complete the last word. */
export type Candidates =
  | { readonly kind: "words"; readonly words: readonly Candidate[] }
  | { readonly kind: "cluster"; readonly wanted: Wanted }
  | { readonly kind: "files" };

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Options that a completion needs to reach the cluster. */
export interface ScopeFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

export interface Completion {
  readonly candidates: Candidates;
  readonly scope: ScopeFlags;
}

/** By name of an argument or option. Both name objects of the cluster alike in all commands. */
const inCluster: ReadonlyMap<string, Wanted> = new Map([
  ["pool", "pools"],
  ["worker", "workers"],
  ["group", "groups"],
  ["namespace", "namespaces"],
  ["operator-namespace", "namespaces"],
]);

const nothing: Candidates = { kind: "words", words: [] };

/**
 * The candidates for the last word of a command line. Pure: it reads the definition of the commands only.
 * @param words without the program's name; the last one is the word to complete, possibly empty.
 */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const scope: Record<string, string> = {};
  let command = program;
  let position = 0;
  let pending: Option | undefined;
  for (const word of before) {
    if (pending !== undefined) {
      scope[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith("-") && word !== "-") {
      const [flag = "", value] = word.split("=", 2);
      const option = optionsOf(command).find((each) => each.long === flag || each.short === flag);
      if (option === undefined || option.isBoolean()) continue;
      if (value === undefined) pending = option;
      else scope[option.attributeName()] = value;
    } else {
      const inner = position === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (inner === undefined) position++;
      else command = inner;
    }
  }
  return { candidates: pending === undefined ? wordsOf(command, position, last) : valuesOf(pending), scope };
}

function wordsOf(command: Command, position: number, last: string): Candidates {
  if (last.startsWith("-")) {
    const flags = optionsOf(command).map(({ long, short, description }) => ({ word: long ?? short ?? "", description }));
    return { kind: "words", words: flags };
  }
  if (position === 0 && command.commands.length > 0) {
    const visible = command.createHelp().visibleCommands(command);
    return { kind: "words", words: visible.map((each) => ({ word: each.name(), description: each.description() })) };
  }
  const argument = command.registeredArguments[position];
  if (argument === undefined) return nothing;
  return byName(argument.name(), argument.argChoices);
}

function valuesOf(option: Option): Candidates {
  // The value's own name describes it: --pool <name> names a pool, -f <pool.yaml> a file.
  const placeholder = /<([^>]+)>/.exec(option.flags)?.[1] ?? "";
  return isFile(placeholder) ? { kind: "files" } : byName(option.name(), option.argChoices);
}

function byName(name: string, choices: readonly string[] | undefined): Candidates {
  if (choices !== undefined) return { kind: "words", words: choices.map((word) => ({ word, description: "" })) };
  if (isFile(name)) return { kind: "files" };
  const wanted = inCluster.get(name);
  return wanted === undefined ? nothing : { kind: "cluster", wanted };
}

function isFile(name: string): boolean {
  return name === "file" || name.includes(".");
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}
