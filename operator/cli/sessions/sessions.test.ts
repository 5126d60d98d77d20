import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { KubeError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/types.ts";
import type { OutputFormat } from "../flags.ts";
import type { GatewayRequest } from "../gateways/ask-gateway.ts";
import { listSessions, type SessionScope, showSessions, stopRoom } from "./commands.ts";

const NOW = Date.parse("2026-01-01T10:00:00Z");
const TOKEN = "launch-token-of-web";
const session = {
  ...{ room: "room 1", state: "running", task_id: "t1", worker: "support-gpu-1", group: "gpu" },
  ...{ preset: "maya", launched_at: "2026-01-01T09:48:00Z" },
};

const pool = (name: string, auth = false): KubeObject & { readonly spec: object } => ({
  metadata: { namespace: "avatars", name },
  spec: auth ? { launch: { auth: { secretRef: { name: "clients" } } } } : {},
});

interface World {
  readonly pools?: readonly KubeObject[];
  readonly secret?: KubeObject | KubeError;
  readonly answer?: (request: GatewayRequest) => { readonly status: number; readonly body: unknown };
}

function setup({ pools = [pool("support")], secret, answer }: World = {}) {
  const requests: GatewayRequest[] = [];
  const lines: string[] = [];
  const hints: string[] = [];
  const deps = {
    client: {
      get: async (type: { readonly kind: string }, { name }: { readonly name: string }) => {
        if (type.kind !== "Secret") return pools.find(({ metadata }) => metadata?.name === name) as never;
        if (secret instanceof KubeError) throw secret;
        return secret as never;
      },
      list: async () => ({ items: pools as never[], resourceVersion: "1" }),
    },
    gateway: async (request: GatewayRequest) => {
      requests.push(request);
      const { status, body } = answer?.(request) ?? { status: 200, body: { sessions: [session], complete: true } };
      return { status, headers: {}, body: JSON.stringify(body) };
    },
    print: (line: string) => void lines.push(line),
    hint: (line: string) => void hints.push(line),
    nowMs: () => NOW,
  };
  const scope = (output: OutputFormat = "table", more: Partial<SessionScope> = {}): SessionScope => ({
    ...{ namespace: "avatars", tokenFile: undefined, output, ...more },
  });
  return { deps, requests, lines, hints, scope };
}

const failed = (run: Promise<void>) =>
  run.then(
    () => "no error",
    (error: Error) => error.message,
  );
const notFound = { status: 404, body: { error: { code: "session_not_found", message: "no session in room room 1" } } };

describe("sessions list", () => {
  it("prints a table of one pool, and names the pools of several", async () => {
    const one = setup();
    await listSessions(one.deps, "support", one.scope());
    expect(one.lines).toEqual([
      "ROOM     STATE     AGE   PRESET   WORKER          GROUP",
      "room 1   running   12m   maya     support-gpu-1   gpu",
    ]);
    const all = setup({ pools: [pool("support"), pool("sales")] });
    await listSessions(all.deps, undefined, all.scope("wide", { namespace: undefined }));
    expect(all.lines[0]).toMatch(/^NAMESPACE +POOL +ROOM .* TASK$/);
    expect(all.lines.slice(1).map((line) => line.split(/ +/)[1])).toEqual(["support", "sales"]);
  });

  it("prints the sessions as JSON, with whether they are all", async () => {
    const { deps, lines, hints, scope } = setup({
      answer: () => ({ status: 200, body: { sessions: [session], complete: false } }),
    });
    await listSessions(deps, "support", scope("json"));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ sessions: [{ pool: "support", room: "room 1" }], complete: false });
    expect(hints).toEqual(["the list is not complete: a worker did not respond; retry"]);
  });

  it("lists the other pools if the token of one is out of reach, and says why", async () => {
    const message =
      'secrets "clients" is forbidden: User "ann" cannot get resource "secrets" in API group "" in the namespace "avatars"';
    const secret = new KubeError(message, { status: 403, reason: "Forbidden", said: message });
    const { deps, lines, hints, scope } = setup({ pools: [pool("sales", true), pool("support")], secret });
    await listSessions(deps, undefined, scope());
    expect(lines).toHaveLength(2);
    expect(hints).toEqual([
      expect.stringMatching(/^avatars\/sales: .*not allowed to get secrets in namespace avatars.*--token-file$/),
    ]);
  });
});

describe("the launch token", () => {
  const secret = { data: { web: Buffer.from(`${TOKEN}\n`).toString("base64") } } as KubeObject;

  it("is read from the pool's Secret, and sent only to a pool that requires one", async () => {
    const { deps, requests, scope } = setup({ pools: [pool("sales", true), pool("support")], secret });
    await listSessions(deps, undefined, scope());
    expect(Object.fromEntries(requests.map(({ path: asked, token }) => [asked, token]))).toEqual({
      "/avatars/sales/sessions": TOKEN,
      "/avatars/support/sessions": undefined,
    });
  });

  it("is read from a file if one is given", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "token-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(path.join(folder, "token"), " of-the-file\n");
    const { deps, requests, scope } = setup({ pools: [pool("sales", true)] });
    await listSessions(deps, "sales", scope("table", { tokenFile: path.join(folder, "token") }));
    expect(requests[0]?.token).toBe("of-the-file");
    expect(await failed(listSessions(deps, "sales", scope("table", { tokenFile: "/none" })))).toMatch(/cannot be read \(ENOENT\)/);
  });

  it("never appears in an error, even if the gateway quotes it", async () => {
    const body = { error: { code: "unauthorized", message: `token ${TOKEN} is unknown` } };
    const { deps, scope } = setup({ pools: [pool("sales", true)], secret, answer: () => ({ status: 401, body }) });
    const message = await failed(listSessions(deps, "sales", scope()));
    expect(message).toBe(
      "the list of sessions failed with status 401: token [hidden] is unknown; give a launch token of the pool with --token-file",
    );
  });
});

describe("sessions show and stop", () => {
  it("find the pool of a room", async () => {
    const answer = ({ path: asked }: GatewayRequest) =>
      asked.startsWith("/avatars/sales/") ? notFound : { status: 200, body: { sessions: [session], complete: true } };
    const { deps, lines, requests, scope } = setup({ pools: [pool("sales"), pool("support")], answer });
    await showSessions(deps, "room 1", undefined, scope());
    expect(requests.map(({ path: asked }) => asked)).toEqual([
      "/avatars/sales/sessions/room%201",
      "/avatars/support/sessions/room%201",
    ]);
    expect(lines.join("\n")).toMatch(/room +room 1\nstate +running\nlaunched +2026-01-01T09:48:00Z \(12m ago\)/);
  });

  it("say where no session was found, and which pools a room is ambiguous between", async () => {
    const none = setup({ answer: () => notFound });
    expect(await failed(showSessions(none.deps, "room 1", undefined, none.scope()))).toBe(
      "no pool of namespace avatars has a session in room room 1: see avatarpool sessions list",
    );
    const two = setup({ pools: [pool("sales"), pool("support")] });
    expect(await failed(stopRoom(two.deps, "room 1", undefined, two.scope(), { yes: true, confirm: undefined }))).toMatch(
      /name one of sales, support after the room/,
    );
    expect(two.requests.map(({ method }) => method)).not.toContain("DELETE");
  });

  it("end nothing without consent", async () => {
    const { deps, requests, hints, scope } = setup();
    const stop = (yes: boolean, confirm?: (question: string) => Promise<boolean>) =>
      stopRoom(deps, "room 1", "support", scope(), { yes, confirm });
    expect(await failed(stop(false))).toMatch(/add --yes$/);
    const questions: string[] = [];
    await stop(false, async (question) => questions.push(question) > 1);
    expect(questions).toEqual([
      expect.stringMatching(/^End the sessions in room room 1 of pool avatars\/support \(worker support-gpu-1\)\?/),
    ]);
    expect(hints).toEqual(["nothing was ended"]);
    expect(requests.map(({ method }) => method)).toEqual(["GET"]);
    await stop(true);
    expect(requests.at(-1)).toMatchObject({ method: "DELETE", path: "/avatars/support/sessions/room%201" });
  });
});
