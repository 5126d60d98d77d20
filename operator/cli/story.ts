import type { Decision, Decisions } from "../api/debug.ts";
import { formatDuration } from "../api/duration.ts";

/** The operator's decisions as text. */
export function storyLines({ pool, operator, since, latest, changes }: Decisions): readonly string[] {
  return [
    `AvatarPool ${pool}: decisions of ${operator}, leader since ${seconds(since)}`,
    "",
    ...(latest.length === 0 ? ["No decision on any group yet."] : ["Now"]),
    ...latest.flatMap((each) => [`  ${seconds(each.time)}  ${each.group} ${nowOf(each)}`, ...because(each)]),
    "",
    ...(changes.length === 0 ? [`No change of size since ${seconds(since)}.`] : ["Changes, newest first"]),
    ...changes.flatMap((each) => [`  ${seconds(each.time)}  ${each.group} ${each.from} -> ${each.to}`, ...because(each)]),
  ];
}

function nowOf({ from, to, outcome }: Decision): string {
  return outcome === "unchanged" ? `stays at ${to}` : `${from} -> ${to}`;
}

function because({ reason, arithmetic, inputs }: Decision): readonly string[] {
  // The reason begins with the arithmetic, unless another rule took precedence.
  const sum = reason.includes(arithmetic) ? [] : [`wanted: ${arithmetic}`];
  return [reason, ...sum, ...(inputs === undefined ? [] : [`from: ${inputsOf(inputs)}`])].map((line) => `    ${line}`);
}

/** Names of durations end in `Ms`. Zero values had no effect and are omitted. */
function inputsOf(inputs: Readonly<Record<string, number>>): string {
  return Object.entries(inputs)
    .filter(([name, value]) => value !== 0 || name === "sessions")
    .map(([name, value]) =>
      name.endsWith("Ms") ? `${words(name.slice(0, -2))} ${formatDuration(value)}` : `${words(name)} ${value}`,
    )
    .join(", ");
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function seconds(time: string): string {
  return time.replace(/[.][0-9]+Z$/, "Z");
}
