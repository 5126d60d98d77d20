import type { DecisionDetail } from "../api/console.ts";
import type { DecisionRecord } from "../pool/planning/decision.ts";
import { withSessions } from "../pool/planning/what-if.ts";
import { type ForecastBasis, slotsNeeded } from "../scaling/forecast/basis.ts";
import { decisionMark } from "./decision-mark.ts";

/** Points of the forecast's curve. */
const MAX_POINTS = 200;
/** The curve ends where it is this close to 1. */
const NEGLIGIBLE = 0.0005;

/** A decision with its inputs, the same calculation for other numbers, and the forecast behind its warm slots. */
export function decisionDetail(record: DecisionRecord): DecisionDetail {
  const fewer = withSessions(record, -1);
  const more = withSessions(record, 1);
  const forecast = forecastOf(record);
  const known = Object.entries(record.inputs ?? {}).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return {
    ...decisionMark(record),
    inputs: Object.fromEntries(known),
    ...(fewer !== undefined && more !== undefined && { what: { fewer, more } }),
    ...(forecast !== undefined && { forecast }),
  };
}

/** The forecast for the first set of presets that the group serves. */
function forecastOf({ group, basis }: DecisionRecord): DecisionDetail["forecast"] {
  if (basis?.demand.slots.kind !== "auto") return undefined;
  const target = basis.demand.sets.find(({ set }) => set.groups.includes(group))?.warm.target;
  if (target?.basis === undefined) return undefined;
  const { slots, because, timeToWarmMs = 0 } = target;
  const { forecast, objective } = target.basis;
  return { points: pointsOf(forecast, slots), chosen: slots, level: objective, timeToWarmMs, because };
}

/** The curve, beyond the chosen number and as far as it rises. */
function pointsOf(forecast: ForecastBasis, chosen: number): readonly { readonly slots: number; readonly atMost: number }[] {
  let most = chosen + 2;
  let curve = slotsNeeded(forecast, most);
  while ((curve.at(-1) ?? 1) < 1 - NEGLIGIBLE && most < 100 * MAX_POINTS) {
    most *= 2;
    curve = slotsNeeded(forecast, most);
  }
  const enough = curve.findIndex((atMost) => atMost >= 1 - NEGLIGIBLE);
  const last = Math.max(chosen + 2, enough < 0 ? most : enough);
  const stride = Math.ceil((last + 1) / MAX_POINTS);
  const points = curve.slice(0, last + 1).map((atMost, slots) => ({ slots, atMost }));
  return points.filter(({ slots }) => slots % stride === 0 || slots === chosen || slots === last);
}
