import type { ImageArchive } from "../images/index.ts";

/** Runs containerd's command line client. @returns what it printed. */
type Ctr = (...args: readonly string[]) => Promise<string>;

const ARCHIVE = "avatarpool.dev/archive";

/** Imports the images that containerd does not have yet, and removes all others. */
export async function importImages(ctr: Ctr, wanted: readonly ImageArchive[]): Promise<void> {
  const current = await Promise.all(
    wanted.map(({ archive }) => ctr("images", "ls", "--quiet", `labels."${ARCHIVE}"=="${archive}"`).then(lines)),
  );
  const kept = new Set(current.flat());
  const others = lines(await ctr("images", "ls", "--quiet")).filter((name) => !kept.has(name));
  if (others.length > 0) await ctr("images", "rm", ...others);
  for (const [index, { archive }] of wanted.entries()) {
    if (current[index]?.length) continue;
    // The layers themselves are not needed after they are unpacked.
    await ctr("images", "import", "--local", "--discard-unpacked-layers", `--label=${ARCHIVE}=${archive}`, archive);
  }
}

export function lines(text: string): readonly string[] {
  return text.split("\n").filter(Boolean);
}
