import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toolPath } from "./tools.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "avatarpool-tools-"));
  vi.stubEnv("XDG_CACHE_HOME", path.join(folder, "cache"));
  vi.stubEnv("KUBEBUILDER_ASSETS", "");
  vi.stubEnv("PATH", `${path.join(folder, "bin")}:/usr/bin:/bin`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test("builds a missing tool once for concurrent requests, and then reuses it", async () => {
  await fakeGo(`sleep 0.3; mkdir -p "$GOBIN"; cp /bin/true "$GOBIN/server"`);
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const [first, second] = await Promise.all([toolPath("etcd", say), toolPath("etcd", say)]);
  const third = await toolPath("etcd", say);

  expect(path.basename(first)).toBe("etcd");
  expect([second, third]).toEqual([first, first]);
  expect(await goRuns()).toBe(1);
  expect(lines.join("\n")).toMatch(/building etcd .*usually about.*\nbuilt etcd in \d+ s/);
});

test("builds again after a build was killed", async () => {
  await fakeGo(`mkdir -p "$GOBIN"; cp /bin/true "$GOBIN/kwok"`);
  const tool = await toolPath("kwok", () => {});
  const target = path.dirname(tool);
  await rm(target, { recursive: true });
  await writeFile(`${target}.lock`, "a process that is gone");
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(`${target}.lock`, longAgo, longAgo);
  await mkdir(`${target}.unfinished`);

  expect(await toolPath("kwok", () => {})).toBe(tool);
  expect(await goRuns()).toBe(2);
});

test("reports the compiler's output if a build fails, and retries at the next request", async () => {
  await fakeGo("echo 'no space left on device' >&2; exit 1");
  await expect(toolPath("helm", () => {})).rejects.toThrow(/building helm .* failed \(go ended with 1\):\nno space left on device/);
  await expect(toolPath("helm", () => {})).rejects.toThrow();
  expect(await goRuns()).toBe(2);
});

test("reports what to do if Go is missing", async () => {
  vi.stubEnv("PATH", path.join(folder, "bin"));
  await expect(toolPath("kube-apiserver", () => {})).rejects.toThrow(/Install Go 1\.26 or newer.*KUBEBUILDER_ASSETS/);
});

test("uses the executables in KUBEBUILDER_ASSETS", async () => {
  const assets = path.join(folder, "assets");
  await mkdir(assets);
  await writeFile(path.join(assets, "kubectl"), "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("KUBEBUILDER_ASSETS", assets);
  expect(await toolPath("kubectl", () => {})).toBe(path.join(assets, "kubectl"));
});

test("builds an explicitly chosen version even if KUBEBUILDER_ASSETS is set", async () => {
  const assets = path.join(folder, "assets");
  await mkdir(assets);
  await writeFile(path.join(assets, "kubectl"), "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("KUBEBUILDER_ASSETS", assets);
  await fakeGo(
    `mkdir -p "$GOBIN"; for tool in kube-apiserver kube-controller-manager kube-scheduler kubectl; do cp /bin/true "$GOBIN/$tool"; done`,
  );
  vi.stubEnv("AVATARPOOL_TEST_KUBERNETES", "oldest");
  const oldest = await toolPath("kubectl", () => {});
  vi.stubEnv("AVATARPOOL_TEST_KUBERNETES", "newest");
  const newest = await toolPath("kubectl", () => {});

  expect(path.dirname(oldest)).toMatch(/cache.*\/kubernetes-oldest-/);
  expect(path.dirname(newest)).toMatch(/cache.*\/kubernetes-[^o]/);
  vi.stubEnv("AVATARPOOL_TEST_KUBERNETES", "1.30");
  await expect(toolPath("kubectl", () => {})).rejects.toThrow(/AVATARPOOL_TEST_KUBERNETES is "1.30": set it to newest or oldest/);
});

async function fakeGo(script: string): Promise<void> {
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  await writeFile(path.join(bin, "go"), `#!/bin/sh\necho run >>${folder}/runs\n${script}\n`);
  await chmod(path.join(bin, "go"), 0o755);
}

async function goRuns(): Promise<number> {
  return (await readFile(path.join(folder, "runs"), "utf8")).trim().split("\n").length;
}
