import { pair } from "../../telemetry/logfmt.ts";
import { plainText } from "../plain-text.ts";

/** One line of a container's log. */
export interface LogLine {
  /** Unix time in ms at which the container wrote it. */
  readonly atMs: number;
  /** RFC 3339 in UTC, with up to nanoseconds: it continues a stream where it ended. */
  readonly time: string;
  readonly source: string;
  /** Empty for a line that is not structured. */
  readonly level: string;
  readonly message: string;
  /** Further fields, in their order. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Fields that a line has in columns of their own. */
const columns: ReadonlySet<string> = new Set(["level", "msg", "message", "time", "timestamp", "name"]);

/** A longer line is cut. */
const MAX_CHARACTERS = 16_384;

/** Reads a line that begins with its time, as the API server writes it with `timestamps=true`. */
export function readLine(source: string, written: string): LogLine {
  const [, time, rest = ""] = /^(\S+) (.*)$/s.exec(written) ?? [];
  const atMs = Date.parse(time ?? "");
  const text = (Number.isNaN(atMs) ? written : rest).slice(0, MAX_CHARACTERS);
  const at = Number.isNaN(atMs) ? { atMs: 0, time: "" } : { atMs, time: time ?? "" };
  const record = recordIn(text);
  if (record === undefined) return { ...at, source, level: "", message: text, fields: {} };
  const message = record.msg ?? record.message ?? "";
  const fields = Object.fromEntries(Object.entries(record).filter(([key]) => !columns.has(key)));
  return {
    ...at,
    source,
    level: levelOf(record.level),
    message: typeof message === "string" ? message : JSON.stringify(message),
    fields,
  };
}

function recordIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function levelOf(level: unknown): string {
  return typeof level === "string" ? level.toLowerCase() : "";
}

/** Whether a line concerns a pool: it names this one, or none. */
export function concerns(
  { fields }: LogLine,
  { namespace, name }: { readonly namespace: string; readonly name?: string | undefined },
): boolean {
  const { namespace: inNamespace, pool } = fields;
  if (typeof inNamespace === "string" && inNamespace !== "" && inNamespace !== namespace) return false;
  return name === undefined || typeof pool !== "string" || pool === "" || pool === name || pool === `${namespace}/${name}`;
}

export interface Look {
  readonly colours: boolean;
  readonly sourceWidth: number;
}

/** Blue, magenta, cyan, green and their bright forms: readable on dark and light, and not the colours of levels. */
const palette = [34, 35, 36, 32, 94, 95, 96, 92] as const;
const levelColours: Readonly<Record<string, number>> = { error: 31, fatal: 31, critical: 31, warn: 33, warning: 33 };

/** `10:00:00.123  source  warn  message  key=value`. */
export function lineText(line: LogLine, { colours, sourceWidth }: Look): string {
  const paint = (code: number | undefined, text: string) =>
    colours && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
  const time = line.time === "" ? "-".padEnd(12) : new Date(line.atMs).toISOString().slice(11, 23);
  const fields = Object.entries(line.fields).map((field) => plainText(pair(field)));
  const parts = [
    paint(2, time),
    paint(palette[hashOf(line.source) % palette.length], line.source.padEnd(sourceWidth)),
    paint(levelColours[line.level], (line.level || "-").padEnd(5)),
    plainText(line.message),
    ...(fields.length > 0 ? [paint(2, fields.join(" "))] : []),
  ];
  return parts.join("  ").trimEnd();
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) >>> 0;
  return hash;
}
