import type { Decision, Decisions } from "../api/debug.ts";
import { formatDuration } from "../api/duration.ts";

/** What the operator decided, for people to read. */
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
  // The sentence begins with the sum, unless something else was stronger.
  const sum = reason.includes(arithmetic) ? [] : [`wanted: ${arithmetic}`];
  return [reason, ...sum, ...(inputs === undefined ? [] : [`from: ${inputsOf(inputs)}`])].map((line) => `    ${line}`);
}

/** Times end in `Ms`; what is zero had no part in it. */
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
