import { describe, expect, it } from "vitest";
import { gatewayMetrics } from "./gateway-metrics.ts";
import { createRegistry, exposition } from "./metrics.ts";

const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
const labels = { namespace: "avatars", pool: "support", path: "warm" };

describe("a scrape", () => {
  it("is in the text format without exemplars, or in OpenMetrics with them, in any order", async () => {
    const registry = createRegistry({ process: false });
    const { launches, startupSeconds } = gatewayMetrics(registry);
    launches.inc({ ...labels, outcome: "served" });
    startupSeconds.observeLaunch(labels, 3.5, "0af7651916cd43dd8448eb211c80319c");
    startupSeconds.observeLaunch(labels, 7, undefined);

    const open = await exposition(registry, ACCEPT);
    expect(open.contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toMatch(/^# TYPE avatarpool_launches counter\navatarpool_launches_total\{.*\} 1$/m);
    expect(open.text).toMatch(/_bucket\{le="4",.*\} 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 3\.5 \d+/);
    expect(open.text.match(/trace_id/g)).toHaveLength(1);
    expect(open.text.endsWith("\n# EOF\n")).toBe(true);

    const text = await exposition(registry, "text/plain");
    expect(text.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text.text).toMatch(/^# TYPE avatarpool_launches_total counter\navatarpool_launches_total\{.*\} 1$/m);
    expect(text.text).not.toContain("trace_id");
    expect(text.text).not.toContain("# EOF");
    expect(await exposition(registry, ACCEPT)).toEqual(open);
  });

  it("of many series lets other work run in between", async () => {
    const registry = createRegistry({ process: false });
    const { queued, worker503, abandonedSessions } = gatewayMetrics(registry);
    for (let at = 0; at < 2_000; at++) {
      const of = { namespace: "avatars", pool: `pool-${at}` };
      queued.set(of, 1);
      worker503.inc({ ...of, reason: "at_capacity" });
      abandonedSessions.inc(of);
    }
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const { text } = await exposition(registry);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(text.split("\n").filter((line) => line.includes('pool="pool-1999"'))).toHaveLength(3);
  });

  it("has the version, and what the process itself measures", async () => {
    const registry = createRegistry();
    gatewayMetrics(registry);
    const { text } = await exposition(registry);
    expect(text).toMatch(/^avatarpool_build_info\{version="\d+\.\d+\.\d+.*"\} 1$/m);
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  });
});
