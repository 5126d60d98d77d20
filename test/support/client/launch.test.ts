import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { type Launch, launch } from "./launch.ts";

interface Request {
  readonly headers: IncomingMessage["headers"];
  readonly form: FormData;
}

let server: Server;
let requests: Request[];
/** Responses of the gateway, in order. The last one repeats. */
let answers: ((response: ServerResponse) => void)[];
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  requests = [];
  server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const headers = { "content-type": request.headers["content-type"] ?? "" };
    requests.push({ headers: request.headers, form: await new Response(body, { headers }).formData() });
    (answers.length > 1 ? answers.shift() : answers[0])?.(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const refuse = (status: number) => (response: ServerResponse) => response.writeHead(status).end("{}");

function accept(response: ServerResponse): void {
  response.writeHead(200, { "x-avatarpool-path": "warm", "x-avatarpool-worker": "gpu-0" }).end('{"task_id":"t1"}');
}

function request(avatar: Launch["avatar"] = { preset: "maya" }): Launch {
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/avatars/support/launch`, roomName: "r1", avatar, sessionSeconds: 15 };
}

/** Launches and skips the pauses between attempts. */
async function launched(wanted: Launch) {
  const outcome = launch(wanted, new AbortController().signal, clock);
  let over = false;
  void outcome.finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_000);
  }
  return outcome;
}

it("sends the plugin's forms: urlencoded, or multipart with an image", async () => {
  answers = [accept];
  expect(await launched(request())).toMatchObject({ ok: true, path: "warm", worker: "gpu-0", taskId: "t1" });
  await launched(request({ imageFile: new Uint8Array([1, 2, 3]) }));
  const [preset, image] = requests;
  expect(preset?.headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
  expect(Object.fromEntries(preset?.form ?? [])).toMatchObject({
    room_name: "r1",
    avatar_id: "maya",
    prompt: "x_session_seconds=15",
  });
  expect(image?.headers["content-type"]).toMatch(/^multipart\/form-data/);
  expect(image?.form.get("avatar_image")).toMatchObject({ name: "face.jpg", size: 3 });
  expect(image?.form.has("avatar_id")).toBe(false);
});

it("makes three attempts after any error, and returns the status of each", async () => {
  answers = [refuse(503), (response) => response.destroy(), accept];
  const outcome = await launched(request());
  expect(outcome.ok).toBe(true);
  expect(outcome.tries.map(({ status }) => status)).toEqual([503, 0, 200]);

  answers = [refuse(400)];
  const failed = await launched(request());
  expect(failed).toMatchObject({ ok: false, tries: [{ status: 400 }, { status: 400 }, { status: 400 }] });
});

it("closes the connection on abort, and does not retry", async () => {
  const hangUp = new AbortController();
  answers = [() => hangUp.abort()];
  expect(await launch(request(), hangUp.signal, clock)).toMatchObject({ ok: false, tries: [{ status: 0 }] });
  expect(requests).toHaveLength(1);
});
