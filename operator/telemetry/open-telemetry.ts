import {
  DiagLogLevel,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import packageFile from "../../package.json" with { type: "json" };
import type { TraceContext } from "./trace-context.ts";
import type { Tracer } from "./tracing.ts";

/** Stages in which the gateway waits for another process. */
const CLIENT_STAGES = new Set(["forward", "overflow"]);

/**
 * Exports launches as spans over OTLP. The SDK reads the `OTEL_*` variables: endpoint, headers, sampler, batches, resource. Load
 * this file only if traces are exported.
 */
export function openTelemetryTracer(onProblem: (message: string) => void): Tracer {
  const report = (message: string, ...more: unknown[]) => onProblem([message, ...more.map(String)].join(" "));
  const ignore = () => {};
  diag.setLogger({ error: report, warn: report, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const own = resourceFromAttributes({ "service.name": "avatarpool-gateway", "service.version": packageFile.version });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer("avatarpool", packageFile.version);
  const propagator = new W3CTraceContextPropagator();
  return {
    start(client, arrivedMs) {
      const parent = propagator.extract(ROOT_CONTEXT, client, defaultTextMapGetter);
      const root = tracer.startSpan("launch", { startTime: new Date(arrivedMs), kind: SpanKind.SERVER }, parent);
      const ownContext = trace.setSpan(parent, root);
      const context: { -readonly [Header in keyof TraceContext]: TraceContext[Header] } = {};
      propagator.inject(ownContext, context, defaultTextMapSetter);
      return {
        traceId: root.spanContext().traceId,
        context,
        add({ name, startMs, endMs, attributes = {} }) {
          const kind = CLIENT_STAGES.has(name) ? SpanKind.CLIENT : SpanKind.INTERNAL;
          tracer.startSpan(name, { startTime: new Date(startMs), kind, attributes }, ownContext).end(new Date(endMs));
        },
        end(endMs, attributes, failed) {
          root.setAttributes(attributes);
          if (failed) root.setStatus({ code: SpanStatusCode.ERROR });
          root.end(new Date(endMs));
        },
      };
    },
    stop: () => provider.shutdown().catch((error: unknown) => report("failed to export the last spans:", error)),
  };
}
