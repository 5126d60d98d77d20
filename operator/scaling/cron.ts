interface Part {
  readonly min: number;
  readonly max: number;
  /** Names of the values, from `min` on. */
  readonly names?: readonly string[];
}

/** Minute, hour, day of the month, month, day of the week. */
const PARTS: readonly Part[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const ITEM = /^(?:[*]|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:\/([1-9][0-9]?))?$/;
const SUNDAY_AFTER_SATURDAY = 7;

/**
 * Writes out the ranges and steps of a cron pattern as values. Accepts the forms of cron and of CronJobs: `fri-mon` and `22-6`
 * wrap around, `5/15` continues to the end of the field, and a step beyond the end leaves the first value.
 * `*` and `*` with a step are kept, because cron combines the two day fields depending on whether both are restricted.
 *
 * @throws RangeError when a field has none of these forms.
 */
export function expandCron(pattern: string): string {
  const fields = pattern.toLowerCase().split(" ");
  if (fields.length !== PARTS.length) throw new RangeError(`"${pattern}" has ${fields.length} fields instead of ${PARTS.length}`);
  return PARTS.map((part, at) => expandField(fields[at] ?? "", part)).join(" ");
}

function expandField(field: string, part: Part): string {
  return field
    .split(",")
    .map((item) => expandItem(item, part))
    .join(",");
}

function expandItem(item: string, part: Part): string {
  const match = ITEM.exec(item);
  if (match === null) throw new RangeError(`"${item}" is not a value, a range or a step`);
  const [, first, last, stepText] = match;
  const step = Number(stepText ?? 1);
  const size = part.max - part.min + 1;
  if (first === undefined) return stepText === undefined || step < size ? item : String(part.min);
  const from = numberIn(first, part);
  if (last === undefined && stepText === undefined) return String(from);
  const to = last === undefined ? part.max : numberIn(last, part);
  const end = to < from ? to + size : to;
  const values: number[] = [];
  for (let value = from; value <= end; value += step) values.push(part.min + ((value - part.min) % size));
  return values.join(",");
}

function numberIn(text: string, { min, max, names }: Part): number {
  const named = names?.indexOf(text) ?? -1;
  const value = named < 0 ? Number(text) : min + named;
  const isDayOfWeek = max === SUNDAY_AFTER_SATURDAY - 1;
  if (value >= min && value <= (isDayOfWeek ? SUNDAY_AFTER_SATURDAY : max)) return value;
  throw new RangeError(`"${text}" is not from ${min} to ${max}`);
}
