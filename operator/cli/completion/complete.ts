import type { Command } from "commander";
import { labels } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { avatarPools, pods } from "../../kube/resource-types.ts";
import type { KubeObject } from "../../kube/types.ts";
import { type Reached, withClient } from "../cluster.ts";
import type { NamespaceFlags } from "../flags.ts";
import type { Print } from "../output.ts";
import { type Candidate, completionOf, type Wanted } from "./candidates.ts";

/** Directives of cobra, which kubectl and the scripts of `completion` understand. */
const directives = { files: ":0", noFiles: ":4" } as const;

/** Names beyond this are not offered. */
const MOST = 500;

type Client = Pick<KubeClient, "list">;
type Run = (flags: NamespaceFlags, run: (reached: Reached) => Promise<readonly Candidate[]>) => Promise<readonly Candidate[]>;

/**
 * Prints the candidates for the last word, one per line with a description after a tab, and then a directive. A cluster that does
 * not respond gives no candidates: an error would appear in the user's command line.
 */
export async function complete(program: Command, words: readonly string[], print: Print, run: Run = withClient): Promise<void> {
  const { candidates, scope } = completionOf(program, words);
  const found =
    candidates.kind === "words"
      ? candidates.words
      : candidates.kind === "files"
        ? []
        : await run(scope, ({ client, namespace }) => namesOf(client, candidates.wanted, namespace)).catch(() => []);
  const last = words.at(-1) ?? "";
  for (const { word, description } of found)
    if (word.startsWith(last)) print(description === "" ? word : `${word}\t${description}`);
  print(candidates.kind === "files" ? directives.files : directives.noFiles);
}

interface Pool extends KubeObject {
  readonly spec?: { readonly workers?: readonly { readonly name?: string }[] };
}

async function namesOf(client: Client, wanted: Wanted, namespace: string): Promise<readonly Candidate[]> {
  switch (wanted) {
    case "pools": {
      const { items } = await client.list(avatarPools, { namespace, limit: MOST });
      return items.map(({ metadata }) => ({ word: metadata?.name ?? "", description: "" }));
    }
    case "workers": {
      const { items } = await client.list(pods, { namespace, labelSelector: labels.pool, limit: MOST });
      return items.map(({ metadata }) => {
        const { [labels.pool]: pool, [labels.group]: group } = metadata?.labels ?? {};
        return { word: metadata?.name ?? "", description: `${pool}, group ${group}` };
      });
    }
    case "groups": {
      const { items } = await client.list<Pool>(avatarPools, { namespace, limit: MOST });
      const groups = items.flatMap(({ spec }) => (spec?.workers ?? []).flatMap(({ name }) => name ?? []));
      return [...new Set(groups)].map((word) => ({ word, description: "" }));
    }
    case "namespaces": {
      const { items } = await client.list(avatarPools, { limit: MOST });
      return [...new Set(items.flatMap(({ metadata }) => metadata?.namespace ?? []))].map((word) => ({ word, description: "" }));
    }
  }
}
