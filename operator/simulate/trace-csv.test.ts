import { expect, it } from "vitest";
import { parseTrace } from "./trace-csv.ts";

const options = { capS: 1_800, missingS: () => 42 };
const parse = (text: string) => parseTrace("calls.csv", text, options);

it("reads arrivals and durations, cuts long durations and draws missing ones", () => {
  const trace = parse("arrival_s,duration_s\n0.5,10\r\n3,\n3,9999\n");
  expect([...trace.arrivalS]).toEqual([0.5, 3, 3]);
  expect([...trace.durationS]).toEqual([10, 42, 1_800]);
});

it.each([
  ["no header", "1,2\n", 'calls.csv, line 1: expected the header arrival_s,duration_s, found "1,2"'],
  ["nothing", "", 'calls.csv, line 1: expected the header arrival_s,duration_s, found ""'],
  [
    "words",
    "arrival_s,duration_s\n1,2\nsoon,2\n",
    'calls.csv, line 3: expected an arrival and a duration in seconds, found "soon,2"',
  ],
  ["one column", "arrival_s,duration_s\n17\n", 'calls.csv, line 2: expected an arrival and a duration in seconds, found "17"'],
  ["a negative duration", "arrival_s,duration_s\n1,-2\n", "calls.csv, line 2: expected an arrival"],
  ["an empty line", "arrival_s,duration_s\n1,2\n\n3,4\n", "calls.csv, line 3: expected an arrival"],
  [
    "descending arrivals",
    "arrival_s,duration_s\n9,2\n8,2\n",
    "calls.csv, line 3: the arrival at 8 s is before the previous one (9 s); sort the lines by arrival",
  ],
])("names the line of an error: %s", (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
});
