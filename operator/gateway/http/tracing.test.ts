import { afterEach, describe, expect, it, vi } from "vitest";
import { roomToken } from "../../../test/support/gateway/harness.ts";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { type OtlpSpan, otlpCollector } from "../../../test/support/otlp-collector.ts";
import { loadTracer } from "../../telemetry/load-tracer.ts";

const CLIENT_TRACE = "0af7651916cd43dd8448eb211c80319c";
const CLIENT_SPAN = "b7ad6b7169203331";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.unstubAllEnvs();
});

/** A gateway with a tracer that the standard variables configure. */
async function setup(takes: readonly Take[], env: Readonly<Record<string, string>> = {}) {
  const collector = await otlpCollector();
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const problems: string[] = [];
  const tracer = await loadTracer(process.env, (problem) => problems.push(problem));
  const pool = testPool({ launch: { queue: { length: 5, deadline: "0s" } } });
  const gateway = await liveGateway(takes, pool, { tracer });
  cleanups.push(collector.close, gateway.close);
  const token = roomToken({ identity: "avatar" });
  const fields = { livekit_url: "wss://lk.example.com", livekit_token: token, room_name: "r", avatar_id: "maya" };
  const launch = (headers: Record<string, string> = {}) => gateway.post(new URLSearchParams(fields), { headers });
  const exported = async () => {
    await tracer?.stop();
    return collector.spans;
  };
  return { ...gateway, pool, launch, exported, problems, services: collector.services };
}

const slowly: Take = (_request, response) => setTimeout(() => json(response, 200, { status: "pending", task_id: "t1" }), 30);
const named = (spans: readonly OtlpSpan[], name: string) => spans.find((span) => span.name === name)!;
const nanos = ({ startTimeUnixNano, endTimeUnixNano }: OtlpSpan) => [BigInt(startTimeUnixNano), BigInt(endTimeUnixNano)] as const;
const lasts = (span: OtlpSpan) => nanos(span)[1] - nanos(span)[0];

describe("a traced launch", () => {
  it("is exported with its stages, from the client's span to the worker's", async () => {
    const { launch, received, metrics, pool, core, exported, services, problems } = await setup([slowly]);
    const response = await launch({ traceparent: `00-${CLIENT_TRACE}-${CLIENT_SPAN}-01`, tracestate: "a=b" });
    expect(response.status).toBe(200);
    const started = async () => (await metrics.startupSeconds.get()).values.length > 0;
    await expect.poll(started).toBe(true);
    core.sessions.onRoomEvent(pool, { kind: "video", room: "r", identity: "avatar" });

    const spans = await exported();
    const root = named(spans, "launch");
    expect(root).toMatchObject({ traceId: CLIENT_TRACE, parentSpanId: CLIENT_SPAN });
    const children = spans.filter((span) => span !== root);
    expect(children.map(({ name }) => name).sort()).toEqual(["claim", "first frame", "forward", "pick", "read", "worker"]);
    for (const child of children) expect(child).toMatchObject({ traceId: CLIENT_TRACE, parentSpanId: root.spanId });
    expect(received[0]?.headers).toMatchObject({ traceparent: `00-${CLIENT_TRACE}-${root.spanId}-01`, tracestate: "a=b" });

    // Until the response, one stage follows the other. The worker's stage begins when the worker has accepted.
    const stages = ["read", "pick", "claim", "forward"].map((name) => named(spans, name));
    expect(stages.map((span) => nanos(span)[0])).toEqual([nanos(root)[0], ...stages.slice(0, -1).map((span) => nanos(span)[1])]);
    expect(stages.reduce((sum, span) => sum + lasts(span), 0n)).toBeLessThanOrEqual(lasts(root));
    expect(lasts(named(spans, "forward"))).toBeGreaterThan(25_000_000n);
    for (const name of ["worker", "first frame"])
      expect(nanos(named(spans, name))[0]).toBeGreaterThanOrEqual(nanos(stages[3]!)[1] - 5_000_000n);

    const attributes = Object.fromEntries(root.attributes.map(({ key, value }) => [key, value.stringValue]));
    expect(attributes).toMatchObject({ "avatarpool.pool": "support", "avatarpool.outcome": "served", "avatarpool.path": "warm" });
    expect([...services, ...problems]).toEqual(["avatarpool-gateway"]);
    expect(JSON.stringify(spans)).not.toContain("livekit_token");
  });

  it("begins a trace of its own, which exemplars and the log name", async () => {
    const { launch, received, metrics, lines, exported, services } = await setup([slowly], { OTEL_SERVICE_NAME: "launches" });
    await launch();
    await expect.poll(async () => (await metrics.startupSeconds.get()).values.length > 0).toBe(true);
    const root = named(await exported(), "launch");
    expect(root.parentSpanId ?? "").toBe("");
    expect(received[0]?.headers.traceparent).toBe(`00-${root.traceId}-${root.spanId}-01`);
    expect(lines.find(({ msg }) => msg === "launch")).toMatchObject({ traceId: root.traceId });
    const { values } = await metrics.startupSeconds.get();
    const exemplars = values.flatMap((value) => (value as { exemplar?: { labelSet: object } }).exemplar?.labelSet ?? []);
    expect(exemplars).toEqual([{ trace_id: root.traceId }]);
    expect([...services]).toEqual(["launches"]);
  });

  it("is not exported if the client or the sampler decides so, and tells the worker", async () => {
    const { launch, received, exported } = await setup([slowly], { OTEL_TRACES_SAMPLER: "parentbased_always_off" });
    await launch();
    expect(received[0]?.headers.traceparent).toMatch(/-00$/);
    expect(await exported()).toEqual([]);
  });

  it("has the status of an error if the gateway cannot serve it", async () => {
    const { launch, exported } = await setup([(_request, response) => json(response, 503, { error: "at_capacity" })]);
    expect((await launch()).status).toBe(503);
    const root = named(await exported(), "launch");
    expect(root.status.code).toBe(2);
    expect(root.attributes).toContainEqual({ key: "avatarpool.outcome", value: { stringValue: "deadline_exceeded" } });
    expect(root.attributes).toContainEqual({ key: "http.response.status_code", value: { intValue: 503 } });
  });
});
