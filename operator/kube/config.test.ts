import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { json, StubApiServer } from "../../test/support/stub-api-server.ts";
import { KubeClient } from "./client.ts";
import { loadKubeConfig, loadUserKubeConfig, namespaceOf } from "./config.ts";
import { CredentialSource } from "./credentials.ts";
import { pods } from "./resource-types.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "avatarpool-kubeconfig-"));
  vi.stubEnv("HOME", folder);
  vi.stubEnv("KUBECONFIG", undefined);
  vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

interface Written {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly current?: string | undefined;
}

/** A kubeconfig with one cluster, user and context of one name. */
function kubeconfig({ name = "one", cluster, user, context, current = name }: Written = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: `https://${name}.example.com:6443`, ...cluster } }],
    users: [{ name, user: { token: `token-of-${name}`, ...user } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `namespace-of-${name}`, ...context } }],
    "current-context": current,
  });
}

async function written(file: string, content: string): Promise<string> {
  const target = path.join(folder, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, content);
  return target;
}

const load = async (content: string) => loadKubeConfig(await written("config", content));
const credentialsOf = (config: ReturnType<typeof loadKubeConfig>) => new CredentialSource(config, new FakeClock()).current();

describe("loading a kubeconfig", () => {
  it("reads ~/.kube/config", async () => {
    await written(".kube/config", kubeconfig());
    expect(loadUserKubeConfig().getCurrentCluster()?.server).toBe("https://one.example.com:6443");
  });

  it("merges the files of KUBECONFIG, skips missing files, and lets the first definition win", async () => {
    const first = await written("a/config", kubeconfig({ name: "one", cluster: { "certificate-authority": "ca.pem" } }));
    const second = await written("b/config", kubeconfig({ name: "two" }));
    const third = await written("c/config", kubeconfig({ name: "one", cluster: { server: "https://shadowed" }, current: "one" }));
    vi.stubEnv("KUBECONFIG", ["", path.join(folder, "missing"), second, first, second, third].join(path.delimiter));
    expect(namespaceOf(loadUserKubeConfig())).toBe("namespace-of-two");
    const one = loadUserKubeConfig({ context: "one" });
    expect(one.getCurrentCluster()).toMatchObject({
      server: "https://one.example.com:6443",
      caFile: path.join(folder, "a", "ca.pem"),
    });
    expect(loadKubeConfig().getCurrentContext()).toBe("two");
  });

  it("prefers --kubeconfig and --context to all other sources", async () => {
    await written(".kube/config", kubeconfig());
    const file = await written("other", kubeconfig({ name: "two" }));
    expect(loadUserKubeConfig({ kubeconfig: file }).getCurrentContext()).toBe("two");
    expect(() => loadUserKubeConfig({ context: "two" })).toThrow('the kubeconfig has no context "two"; it has one');
    expect(() => loadUserKubeConfig({ kubeconfig: "/missing" })).toThrow("kubeconfig /missing cannot be read: ENOENT");
  });

  it("falls back to the service account in a pod, and fails outside a pod", () => {
    expect(() => loadUserKubeConfig()).toThrow(`there is no kubeconfig ${folder}/.kube/config; set KUBECONFIG`);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "fd00::1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
    expect(loadUserKubeConfig().getCurrentCluster()?.server).toBe("https://[fd00::1]:443");
  });
});

describe("parsing a kubeconfig", () => {
  it("accepts a number as a name", async () => {
    const config = await load(kubeconfig().replaceAll(/: one$/gm, ": 123"));
    expect(config.getCurrentContext()).toBe("123");
  });

  it("accepts a byte order mark, and JSON", async () => {
    expect((await load(`\uFEFF${kubeconfig()}`)).getCurrentContext()).toBe("one");
    expect((await load(JSON.stringify(loadedObject()))).getCurrentContext()).toBe("json");
  });

  it("ignores invalid entries that the context does not name", async () => {
    const broken = "  - name: broken\n  - 7\n  - { name: half, cluster: { server: [] } }\n";
    const config = await load(kubeconfig().replace("clusters:\n", `clusters:\n${broken}`));
    expect(config.getCurrentCluster()?.server).toBe("https://one.example.com:6443");
  });

  it.each([
    ["that is empty", "", /config has no current-context; .*--context\. Contexts: none/],
    ["without a current context", kubeconfig({ current: "" }), /has no current-context.* Contexts: one/],
    ["that is not YAML", "a: [", /kubeconfig .*config is not YAML: /],
    ["that is not a mapping", "- a\n- b\n", /kubeconfig .*config is not readable: /],
    ["whose context names a missing cluster", kubeconfig({ context: { cluster: "x" } }), /has no cluster "x"; it has one/],
    ["whose context names a missing user", kubeconfig({ context: { user: "x" } }), /has no user "x"; it has one/],
    ["whose cluster has no server", kubeconfig({ cluster: { server: "" } }), /cluster "one" of the kubeconfig has no server/],
    ["whose user is not readable", kubeconfig({ user: { exec: {} } }), /user "one" of the kubeconfig is invalid: exec: command/],
  ])("fails for a kubeconfig %s, with the reason", async (_what, content, message) => {
    await expect(load(content)).rejects.toThrow(message);
  });
});

function loadedObject(): object {
  return {
    clusters: [{ name: "c", cluster: { server: "https://c" } }],
    users: null,
    contexts: [{ name: "json", context: { cluster: "c" } }],
    "current-context": "json",
  };
}

describe("a user of a kubeconfig", () => {
  const base64 = (content: string) => Buffer.from(content).toString("base64");

  it("reads its token from a file relative to the kubeconfig's folder", async () => {
    await written("token", "from-file\n");
    const { headers } = await credentialsOf(await load(kubeconfig({ user: { tokenFile: "token" } })));
    expect(headers).toEqual({ Authorization: "Bearer from-file" });
  });

  it("reads certificates from files, and prefers inline data to a file", async () => {
    await written("client.pem", "certificate");
    const user = { token: "", "client-certificate": "client.pem", "client-key": "missing.pem", "client-key-data": base64("key") };
    const cluster = { "insecure-skip-tls-verify": true, "tls-server-name": "kubernetes" };
    const { tls } = await credentialsOf(await load(kubeconfig({ user, cluster })));
    expect(Object.fromEntries(Object.entries(tls).map(([name, value]) => [name, String(value)]))).toEqual({
      cert: "certificate",
      key: "key",
      rejectUnauthorized: "false",
      servername: "kubernetes",
    });
  });

  it("impersonates a user with groups", async () => {
    const user = { as: "ann", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": { Scope: ["a"] } };
    const { headers } = await credentialsOf(await load(kubeconfig({ user })));
    expect(headers).toMatchObject({
      "Impersonate-User": "ann",
      "Impersonate-Uid": "7",
      "Impersonate-Group": ["dev", "ops"],
      "Impersonate-Extra-scope": ["a"],
    });
  });

  it("gets its token from a plugin, which receives the same input as from kubectl", async () => {
    const status = '{"token":"\'"$PREFIX-$(echo "$KUBERNETES_EXEC_INFO" | grep -o https://[a-z.]*)"\'"}';
    const plugin = await written("bin/plugin", `#!/bin/sh\necho '{"kind":"ExecCredential","status":${status}}'\n`);
    await chmod(plugin, 0o755);
    const exec = { command: "./bin/plugin", env: [{ name: "PREFIX", value: "p" }], provideClusterInfo: true };
    const { headers } = await credentialsOf(await load(kubeconfig({ user: { token: "", exec } })));
    expect(headers).toEqual({ Authorization: "Bearer p-https://one.example.com" });
  });

  it("gets an error that names the failing plugin and how to install it", async () => {
    const exec = { command: "no-such-plugin", installHint: "get it from the maker" };
    const failing = credentialsOf(await load(kubeconfig({ user: { token: "", exec } })));
    await expect(failing).rejects.toThrow(/credential plugin no-such-plugin failed: .*ENOENT.*; get it from the maker/);
  });
});

describe("a cluster of a kubeconfig", () => {
  async function getThrough(cluster: object) {
    await using stub = await StubApiServer.start(json({ metadata: { name: "x" } }));
    const config = await load(kubeconfig({ cluster: { server: stub.url, ...cluster } }));
    const client = new KubeClient(config, { userAgent: "test" });
    try {
      return await client.get(pods, { namespace: "ns", name: "x" });
    } finally {
      await client.close();
    }
  }

  it("is reachable over plain HTTP, as from kubectl proxy", async () => {
    expect(await getThrough({})).toMatchObject({ metadata: { name: "x" } });
  });

  it("is reachable through a proxy", async () => {
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const server = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      server.pipe(socket).pipe(server);
      for (const end of [server, socket]) end.on("error", () => {});
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    expect(await getThrough({ "proxy-url": `http://127.0.0.1:${port}` })).toMatchObject({ metadata: { name: "x" } });
    expect(tunnels).toHaveLength(1);
    proxy.close();
  });
});
