import { expect, it, vi } from "vitest";
import { exportsTraces, loadTracer } from "./load-tracer.ts";

vi.mock("./open-telemetry.ts", () => ({ openTelemetryTracer: () => "the SDK" }));

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

it.each([
  [{}, false],
  [{ OTEL_SERVICE_NAME: "gateway" }, false],
  [endpoint, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" }, true],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, true],
  [{ ...endpoint, OTEL_TRACES_EXPORTER: "none" }, false],
  [{ ...endpoint, OTEL_TRACES_EXPORTER: "" }, true],
  [{ ...endpoint, OTEL_SDK_DISABLED: "true" }, false],
])("%j exports traces: %s", (env, expected) => {
  expect(exportsTraces(env)).toBe(expected);
});

it("loads the SDK only if traces are exported", async () => {
  expect(await loadTracer({}, () => {})).toBeUndefined();
  expect(await loadTracer(endpoint, () => {})).toBe("the SDK");
});
