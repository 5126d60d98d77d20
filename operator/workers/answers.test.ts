import { describe, expect, it } from "vitest";
import { engines } from "../engines/index.ts";
import {
  agentReport,
  busyReason,
  readReadiness,
  sessionsIn,
  taskId,
  taskInRoom,
  taskState,
  tasksIn,
  workerMessage,
} from "./answers.ts";

const answer = (status: number, body: unknown) => ({
  status,
  contentType: "application/json",
  body: typeof body === "string" ? body : JSON.stringify(body),
});

describe("answers of workers", () => {
  it("reads a ready worker's counts", () => {
    expect(readReadiness(answer(200, { status: "ready", active_sessions: 1, max_sessions: 8 }), engines.expression)).toEqual({
      kind: "ready",
      sessions: 1,
      slots: 8,
    });
  });

  it("treats 503 at_capacity as ready and full, in any field", () => {
    for (const body of [
      { status: "at_capacity", max_sessions: 8 },
      { detail: { error: "at_capacity" }, max_sessions: 8 },
    ]) {
      expect(readReadiness(answer(503, body), engines.expression)).toEqual({ kind: "full", sessions: undefined, slots: 8 });
    }
  });

  it.each([
    [503, { status: "not_ready" }],
    [500, "oops"],
    [404, { status: "ready" }],
  ])("treats %s as not ready", (status, body) => {
    expect(readReadiness(answer(status, body), engines.expression)).toEqual({ kind: "not-ready" });
  });

  it("reads when a task began and ended, in ISO 8601 or in seconds, and ignores other times", () => {
    const task = { task_id: "t", room_name: "r", state: "completed" };
    const times = { created_at: "2026-01-01T00:00:00.500Z", completed_at: "2026-01-01T00:01:00Z" };
    const seconds = { created_at: 1_767_225_600.5, completed_at: 1_767_225_660 };
    const none = { created_at: "yesterday", completed_at: null };
    const listed = tasksIn(answer(200, { tasks: [times, seconds, none].map((each) => ({ ...task, ...each })) }));
    const known = { createdMs: Date.UTC(2026, 0, 1) + 500, completedMs: Date.UTC(2026, 0, 1, 0, 1) };
    const read = { taskId: "t", roomName: "r", state: "completed" };
    expect(listed).toEqual([{ ...read, ...known }, { ...read, ...known }, read]);
  });

  it("ignores invalid counts", () => {
    expect(readReadiness(answer(200, { active_sessions: -1, max_sessions: "8" }), engines.expression)).toEqual({
      kind: "ready",
      sessions: undefined,
      slots: undefined,
    });
    expect(readReadiness(answer(200, "garbage"), engines.expression)).toEqual({
      kind: "ready",
      sessions: undefined,
      slots: undefined,
    });
  });

  it.each<[string, object, object]>([
    ["an idle agent, whose zeros are missing", {}, { name: "", jobs: 0, load: 0 }],
    ["an agent with jobs", { agent_name: "maya", active_jobs: 2.0, worker_load: 0.47 }, { name: "maya", jobs: 2, load: 0.47 }],
  ])("reads the report of %s", (_what, fields, report) => {
    const body = { worker_type: "JT_ROOM", sdk_version: "1.8.9", protocol_version: 1, ...fields };
    expect(agentReport(answer(200, body))).toEqual(report);
    expect(readReadiness(answer(200, body), engines["livekit-agent"])).toMatchObject({ kind: "ready", agent: report });
    expect(sessionsIn(answer(200, body), engines["livekit-agent"])).toBe(Object(report).jobs);
  });

  it.each([
    [200, {}],
    [200, "OK"],
    [200, { sdk_version: "1.8.9", active_jobs: -1 }],
    [200, { sdk_version: "1.8.9", worker_load: "high" }],
    [503, { sdk_version: "1.8.9" }],
  ])("does not take %s %j for the report of an idle agent", (status, body) => {
    expect(readReadiness(answer(status, body), engines["livekit-agent"])).toEqual({ kind: "not-ready" });
    expect(sessionsIn(answer(status, body), engines["livekit-agent"])).toBeUndefined();
  });

  it("treats a 503 without a reason as not ready", () => {
    expect(busyReason(answer(503, "Service Unavailable"))).toBe("not_ready");
  });

  it("finds the worker's message about an error", () => {
    expect(workerMessage(answer(400, { error: "no face" }), [])).toBe("no face");
    expect(workerMessage(answer(403, { error: { code: "X", message: "cap reached" } }), [])).toBe("cap reached");
    expect(workerMessage(answer(422, { detail: "bad form" }), [])).toBe("bad form");
    expect(workerMessage(answer(400, `<p>${"x ".repeat(4_500)}`), [])).toHaveLength(500);
  });

  it("names the fields that FastAPI rejects, without the form in its answer", () => {
    const input = { livekit_token: "a-room-token", room_name: "r" };
    const detail = [
      { type: "missing", loc: ["body", "avatar_image"], msg: "Field required", input },
      { type: "string_type", loc: ["body", "prompt"], msg: "Input should be a valid string", input: 3 },
    ];
    const message = "avatar_image: Field required; prompt: Input should be a valid string";
    expect(workerMessage(answer(422, { detail }), [])).toBe(message);
  });

  it("quotes no secret of the request, nor a part of one at the cut of the text", () => {
    const secret = "sk-0123456789abcdefghijklmnop";
    expect(workerMessage(answer(401, { error: `bad secret ${secret}` }), [secret])).toBe("bad secret [hidden]");
    for (let before = 470; before < 500; before += 1) {
      expect(workerMessage(answer(400, `${"x".repeat(before)}${secret}`), [secret])).not.toContain("sk-0");
    }
  });

  it("accepts only ids that are safe in a path", () => {
    expect(taskId(answer(200, { task_id: "a-1.b_2" }))).toBe("a-1.b_2");
    expect(taskId(answer(200, { task_id: "../health" }))).toBeUndefined();
  });

  it.each([
    [200, { state: "running" }, "running"],
    [200, { status: "pending" }, "pending"],
    [200, { state: "failed" }, "ended"],
    [404, {}, "ended"],
    [500, "oops", "unknown"],
  ])("reads a task's state from %s %j", (status, body, state) => {
    expect(taskState(answer(status, body))).toBe(state);
  });

  it.each<[string, unknown, object]>([
    ["a list in an object", { tasks: [{ task_id: "a", room_name: "room", state: "running" }] }, { kind: "live", taskId: "a" }],
    ["a bare list", [{ task_id: "a", room_name: "room", status: "pending" }], { kind: "live", taskId: "a" }],
    ["a session that has ended", { tasks: [{ task_id: "a", room_name: "room", state: "completed" }] }, { kind: "none" }],
    ["another room", { tasks: [{ task_id: "a", room_name: "other", state: "running" }, null] }, { kind: "none" }],
    ["no list", { tasks: "none" }, { kind: "unknown" }],
    ["garbage", "<html>", { kind: "unknown" }],
  ])("finds a room in the tasks of a worker: %s", (_what, body, found) => {
    expect(taskInRoom(answer(200, body), "room", () => false)).toEqual(found);
    expect(taskInRoom(answer(500, body), "room", () => false)).toEqual({ kind: "unknown" });
  });

  it("skips tasks of a room that belong to another launch", () => {
    const task = (id: string) => ({ task_id: id, room_name: "room", state: "running" });
    const find = (...ids: string[]) => taskInRoom(answer(200, { tasks: ids.map(task) }), "room", (id) => id === "old");
    expect([find("old"), find("old", "new")]).toEqual([{ kind: "none" }, { kind: "live", taskId: "new" }]);
  });
});
