import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Interval at which a holder renews its lock. */
const RENEW_MS = 2_000;
/** A lock that is not renewed for this time belongs to a process that has ended. */
const STALE_MS = 20_000;
const RETRY_MS = 500;
/** Interval at which a waiting process calls `waiting`. */
const WAITING_MS = 5_000;

/** Runs `action` while this process holds the lock `file`, and waits for the lock first. `waiting` is called while it waits. */
export async function withLock(file: string, waiting: () => void, action: () => Promise<void>): Promise<void> {
  let release = await lockFile(file);
  for (let tries = 1; release === undefined; tries += 1) {
    if ((tries * RETRY_MS) % WAITING_MS === 0) waiting();
    await sleep(RETRY_MS);
    release = await lockFile(file);
  }
  try {
    await action();
  } finally {
    await release();
  }
}

/**
 * Acquires the lock `file` if it is free. The result releases it. `undefined`: another process holds it.
 *
 * A lock that its holder no longer renews is taken over. Locks use renewal, not process ids: ids are reused and are not valid
 * across containers. In rare races two processes hold it at the same time: use it to save work, not to protect data.
 */
async function lockFile(file: string): Promise<(() => Promise<void>) | undefined> {
  const owner = `${process.pid}-${Math.random()}`;
  if (!(await create(file, owner))) {
    if (!(await isStale(file))) return undefined;
    await rm(file, { force: true });
    if (!(await create(file, owner))) return undefined;
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, RENEW_MS);
  return async () => {
    clearInterval(renewal);
    if ((await readFile(file, "utf8").catch(() => "")) === owner) await rm(file, { force: true });
  };
}

async function create(file: string, owner: string): Promise<boolean> {
  try {
    await writeFile(file, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function isStale(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}
