import type { Tracer } from "./tracing.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the standard variables of OpenTelemetry request the export of traces. */
export function exportsTraces(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true") return false;
  const exporter = env.OTEL_TRACES_EXPORTER;
  if (exporter !== undefined && exporter !== "") return exporter === "otlp";
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

/** @returns undefined if no variable requests traces. Then the process does not load the SDK. */
export async function loadTracer(env: Environment, onProblem: (message: string) => void): Promise<Tracer | undefined> {
  if (!exportsTraces(env)) return undefined;
  const { openTelemetryTracer } = await import("./open-telemetry.ts");
  return openTelemetryTracer(onProblem);
}
