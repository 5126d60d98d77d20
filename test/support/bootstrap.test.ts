import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let project: string;

/** A project with only the script, and an npm that "installs" the Node that runs this test. */
beforeEach(async () => {
  project = await mkdtemp(path.join(tmpdir(), "avatarpool-bootstrap-"));
  await Promise.all([mkdir(path.join(project, "scripts")), mkdir(path.join(project, "machine"))]);
  const original = path.join(import.meta.dirname, "../../scripts/bootstrap.mjs");
  await copyFile(original, path.join(project, "scripts", "bootstrap.mjs"));
  await writeFile(path.join(project, "package-lock.json"), "{}");
  await fakeNpm(
    `mkdir -p node_modules/.bin; ln -sf ${process.execPath} node_modules/.bin/node; touch node_modules/.package-lock.json`,
  );
});

afterEach(() => rm(project, { recursive: true }));

test("installs once, and again if the lock file is newer than the installation", async () => {
  await writeScript("process.stdout.write('ran')");
  expect(await outcome(start())).toMatchObject({ code: 0, stdout: "ran" });
  expect(await outcome(start())).toMatchObject({ code: 0, stdout: "ran", stderr: "" });
  expect(await npmRuns()).toEqual(["ci --loglevel=error --no-audit --no-fund"]);

  const later = new Date(Date.now() + 60_000);
  await utimes(path.join(project, "package-lock.json"), later, later);
  await outcome(start());
  expect(await npmRuns()).toHaveLength(2);
});

test("exits with an error message if the installation fails", async () => {
  await fakeNpm("exit 7");
  const { code, stderr } = await outcome(start());
  expect(code).toBe(1);
  expect(stderr).toMatch(/npm ci failed after \d+ s/);
});

test("passes arguments to a TypeScript script, puts the project's programs first on PATH, returns the exit code", async () => {
  await writeScript(`
    const first: string | undefined = process.env.PATH?.split(":")[0];
    console.log(JSON.stringify([first, ...process.argv.slice(2)]));
    process.exit(5);`);
  const { code, stdout } = await outcome(start("--seconds", "9"));
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toEqual([path.join(project, "node_modules", ".bin"), "--seconds", "9"]);
});

test.each(["SIGTERM", "SIGINT"] as const)("forwards %s to the script and waits for its end", async (signal) => {
  await writeScript(`
    process.on("${signal}", () => { console.log("cleaned up"); process.exit(3); });
    setInterval(() => {}, 1000);
    console.log("up");`);
  const child = start();
  const ended = outcome(child);
  await once(child.stdout!, "data");
  child.kill(signal);
  expect(await ended).toMatchObject({ code: 3, stdout: "up\ncleaned up\n" });
});

test("ends with the same signal as the script", async () => {
  await writeScript(`process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);`);
  expect(await outcome(start())).toMatchObject({ code: null, signal: "SIGKILL" });
});

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [path.join(project, "scripts", "bootstrap.mjs"), path.join(project, "script.ts"), ...args], {
    env: { PATH: `${path.join(project, "machine")}:/usr/bin:/bin` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function outcome(child: ChildProcess) {
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

function writeScript(source: string): Promise<void> {
  return writeFile(path.join(project, "script.ts"), source);
}

async function fakeNpm(script: string): Promise<void> {
  await writeFile(path.join(project, "machine", "npm"), `#!/bin/sh\necho "$@" >>npm-runs\n${script}\n`, { mode: 0o755 });
}

async function npmRuns(): Promise<readonly string[]> {
  return (await readFile(path.join(project, "npm-runs"), "utf8")).trim().split("\n");
}
