import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

const folder = path.join(import.meta.dirname, "..", "..", "docs", "runbooks");

/** Every kubectl command of the runbooks, with the page: whole lines of shell blocks, and inline code. */
export async function runbookCommands(): Promise<readonly (readonly [page: string, command: string])[]> {
  const pages = await readdir(folder);
  const found = pages.map(async (page) => {
    const text = await readFile(path.join(folder, page), "utf8");
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.split("\n"));
    const inline = [...text.matchAll(/`(kubectl [^`]*)`/g)].map(([, code = ""]) => code);
    return [...blocks.filter((line) => line.startsWith("kubectl ")), ...inline].map((command) => [page, command] as const);
  });
  return (await Promise.all(found)).flat();
}
