import { formatSeconds } from "../../operator/api/duration.ts";

/** What a y axis counts. */
export type Unit = "count" | "milliseconds" | "probability";

export function textOf(unit: Unit, value: number): string {
  switch (unit) {
    case "count":
      return Math.round(value).toLocaleString("en");
    case "milliseconds":
      return formatSeconds(value);
    case "probability":
      return `${(100 * value).toFixed(value > 0.99 && value < 1 ? 2 : 0)}%`;
  }
}

/** Distances between two labels of a y axis. */
export function stepsOf(unit: Unit): number[] {
  switch (unit) {
    case "count":
      return decades(0, 9);
    case "milliseconds":
      return decades(2, 9);
    case "probability":
      return [0.25, 0.5];
  }
}

/** Distances between two labels of an x axis of hours: from a minute to ten weeks. */
export const hourSteps = [1 / 60, 1 / 12, 0.25, 0.5, 1, 2, 4, 6, 12, 24, 48, 96, 168, 336, 672, 1_680];

/** 1, 2 and 5 times each power of ten. */
function decades(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => 10 ** (from + index)).flatMap((power) => [power, 2 * power, 5 * power]);
}

/** Hours from the start, such as `1 h 30 min`. */
export function hoursText(hours: number): string {
  const minutes = Math.round(hours * 60);
  const rest = minutes % 60;
  const whole = (minutes - rest) / 60;
  if (rest === 0) return `${whole} h`;
  return whole === 0 ? `${rest} min` : `${whole} h ${rest} min`;
}

const times = {
  seconds: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minutes: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
  days: new Intl.DateTimeFormat("en-GB", { month: "short", day: "numeric" }),
};

/** A time in the viewer's zone. @param stepMs distance to the next label. */
export function timeText(atMs: number, stepMs: number): string {
  if (stepMs >= 86_400_000) return times.days.format(atMs);
  return (stepMs >= 60_000 ? times.minutes : times.seconds).format(atMs);
}

/** A time with seconds, and with its day unless that is today. */
export function momentText(atMs: number, nowMs: number): string {
  const day = times.days.format(atMs);
  const time = times.seconds.format(atMs);
  return day === times.days.format(nowMs) ? time : `${day} ${time}`;
}
