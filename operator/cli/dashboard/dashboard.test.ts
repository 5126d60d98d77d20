import { createServer, type IncomingMessage, request as openHttp } from "node:http";
import { type AddressInfo, connect as openSocket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { Guard } from "./guard.ts";
import { startProxy } from "./proxy.ts";
import { accountOf, accountTokens, userToken } from "./viewer-token.ts";

const TOKEN = "token-of-the-viewer";

/** A console that streams one event, and the proxy in front of it. */
async function setup(via: "url" | "pod" | "nothing" = "pod") {
  const seen: IncomingMessage[] = [];
  const console = createServer((request, response) => {
    seen.push(request);
    response.writeHead(200, { "content-type": "text/event-stream", "x-of": "console" });
    if (request.url === "/api/stream") response.write("data: first\n\n");
    else response.end(`${request.method} ${request.url}`);
  });
  await new Promise<void>((listening) => console.listen(0, "127.0.0.1", listening));
  const { port } = console.address() as AddressInfo;
  const links: string[] = [];
  let secrets = 0;
  const upstream = {
    url: { url: new URL(`http://127.0.0.1:${port}/console/`) },
    pod: { connect: async () => openSocket(port, "127.0.0.1") as Duplex },
    nothing: { connect: () => Promise.reject(new Error("connection refused")) },
  }[via];
  const { server, guard } = await startProxy(
    0,
    { upstream, token: async () => TOKEN, explain: (error) => `no connection: ${String(error)}` },
    (bound) => new Guard({ port: bound, newSecret: () => `secret-${secrets++}`, onLink: (link) => links.push(link) }),
  );
  onTestFinished(() => {
    server.closeAllConnections();
    console.closeAllConnections();
    server.close();
    console.close();
  });
  const bound = (server.address() as AddressInfo).port;
  /** Unlike fetch, it sends any header. */
  const send = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    new Promise<IncomingMessage>((resolve, reject) => {
      openHttp({ host: "127.0.0.1", port: bound, path, method, headers }, resolve).on("error", reject).end();
    });
  const path = (link: string) => link.slice(link.indexOf("/?"));
  const signIn = async () => {
    const { headers } = await send(path(guard.link));
    return { cookie: headers["set-cookie"]?.[0]?.split(";")[0] ?? "" };
  };
  return { send, signIn, seen, guard, links, bound, path };
}

describe("the proxy of the dashboard", () => {
  it.each(["pod", "url"] as const)("adds the viewer's token and nothing of this hop (%s)", async (via) => {
    const { send, signIn, seen } = await setup(via);
    const cookie = await signIn();
    const response = await send("/api/viewer?a=b", { ...cookie, authorization: "Bearer of-the-page", accept: "x/y" });
    expect([response.statusCode, response.headers["x-of"]]).toEqual([200, "console"]);
    expect(await text(response)).toBe(`GET ${via === "url" ? "/console" : ""}/api/viewer?a=b`);
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, accept: "x/y" });
    expect(seen[0]?.headers.cookie).toBeUndefined();
  });

  it("passes a stream on as it arrives", async () => {
    const { send, signIn } = await setup();
    const response = await send("/api/stream", await signIn());
    for await (const chunk of response) {
      expect(String(chunk)).toBe("data: first\n\n");
      break;
    }
  });

  it("says why the console cannot be reached", async () => {
    const { send, signIn } = await setup("nothing");
    const response = await send("/", await signIn());
    expect([response.statusCode, await text(response)]).toEqual([502, '{"message":"no connection: Error: connection refused"}']);
  });
});

describe("the guard of the dashboard", () => {
  it("gives a browser its cookie for a link, which works once and is not shown again", async () => {
    const { send, guard, links, path } = await setup();
    const first = guard.link;
    const welcome = await send(path(first));
    expect([welcome.statusCode, welcome.headers.location]).toEqual([303, "/"]);
    expect(welcome.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(JSON.stringify(welcome.headers)).not.toContain(TOKEN);
    expect((await send(path(first))).statusCode).toBe(403);
    expect(links).toEqual([guard.link]);
    expect((await send(path(guard.link))).statusCode).toBe(303);
  });

  it("forwards nothing without the cookie, of another host name, or of another page", async () => {
    const { send, signIn, seen, bound } = await setup();
    const cookie = await signIn();
    const status = async (headers: Record<string, string>, method?: string) =>
      (await send("/api/viewer", headers, method)).statusCode;
    expect(await status({})).toBe(403);
    expect(await status({ cookie: `avatarpool-dashboard-${bound}=wrong` })).toBe(403);
    expect(await status({ ...cookie, host: `evil.test:${bound}` })).toBe(421);
    expect(await status({ ...cookie, host: "127.0.0.1:1" })).toBe(421);
    expect(await status({ ...cookie, origin: "https://evil.test" }, "DELETE")).toBe(403);
    expect(await status({ ...cookie, origin: "null" })).toBe(403);
    expect(await status({ ...cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
    expect(seen).toEqual([]);
    expect(await status({ ...cookie, origin: `http://localhost:${bound}`, host: `localhost:${bound}` })).toBe(200);
  });
});

describe("the viewer's token", () => {
  it("is the user's; without one the command explains what to do", async () => {
    expect(await userToken({ bearerToken: async () => TOKEN })).toBe(TOKEN);
    await expect(userToken({ bearerToken: async () => undefined })).rejects.toThrow(/client certificate: add --service-account/);
  });

  it("of a ServiceAccount is requested again before it expires, and after a failure", async () => {
    let nowMs = 0;
    let requests = 0;
    const client = {
      requestToken: async () => {
        requests += 1;
        if (requests === 1) throw new Error("later");
        return `token-${requests}`;
      },
    };
    const token = accountTokens(client, accountOf("avatars/viewer"), () => nowMs);
    await expect(token()).rejects.toThrow("later");
    expect([await token(), await token()]).toEqual(["token-2", "token-2"]);
    nowMs = 3_000_000;
    expect(await token()).toBe("token-3");
    expect(() => accountOf("viewer")).toThrow(/expected NAMESPACE\/NAME/);
  });
});
