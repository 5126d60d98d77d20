import { type ClusterFlags, withCluster } from "../cluster.ts";
import { CommandError } from "../exit.ts";
import type { Print } from "../output.ts";
import { findPool } from "../pools.ts";
import { version } from "../version.ts";
import { Archive } from "./archive.ts";
import { report } from "./report.ts";

export type ReportFlags = ClusterFlags & { readonly file?: string };

/** `avatarpool report`. @throws CommandError if nothing could be read. */
export async function runReport(pool: string | undefined, flags: ReportFlags, print: Print, hint: Print): Promise<void> {
  await withCluster(flags, async ({ client, ask, namespace }) => {
    if (pool !== undefined) await findPool(client, { namespace, name: pool });
    const now = new Date();
    const name = `avatarpool-report-${now.toISOString().slice(0, 19).replaceAll(":", "-")}`;
    const file = flags.file ?? `${name}.tar.gz`;
    const archive = new Archive(file, name, now);
    const operator = { namespace: flags.operatorNamespace, name: flags.operatorName };
    const add = (entry: string, content: string) => archive.add(entry, content);
    const missing = await report({ namespace, pool, operator }, { client, ask, add, version, now: () => now });
    await archive.close();
    for (const { what, why } of missing) hint(`missing: ${what}: ${why}`);
    if (archive.names.length === 1)
      throw new CommandError(`${file} is empty, because nothing could be read: see above`, "forbidden");
    hint("Read the archive before you share it: names of rooms, pods and hosts remain.");
    print(`${file}: ${archive.names.length} files`);
  });
}
