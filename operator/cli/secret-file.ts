import { readFile } from "node:fs/promises";
import { usageError } from "./exit.ts";

/** A secret in a file, without white space around it. @throws CommandError that names the option, never the content. */
export async function textOf(file: string, option: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${option} ${file} cannot be read (${error.code}): name a file that you may read`);
  });
  const secret = text.trim();
  if (secret === "") throw usageError(`${option} ${file} is empty: write the value into it`);
  return secret;
}
