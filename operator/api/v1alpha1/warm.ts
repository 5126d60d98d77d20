import { z } from "zod";
import { count, duration, FROM_1_TO_99_PERCENT, rules } from "./fields.ts";

/** One field of a cron pattern: `*`, values, ranges and steps, comma-separated. */
function cronField(value: string): string {
  const item = `([*]|${value}(-${value})?)(/[1-9][0-9]?)?`;
  return `${item}(,${item})*`;
}

/** Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). */
const CRON_PATTERN = [
  cronField("[0-5]?[0-9]"),
  cronField("([01]?[0-9]|2[0-3])"),
  cronField("(0?[1-9]|[12][0-9]|3[01])"),
  cronField(
    "(0?[1-9]|1[0-2]|[Jj][Aa][Nn]|[Ff][Ee][Bb]|[Mm][Aa][Rr]|[Aa][Pp][Rr]|[Mm][Aa][Yy]|[Jj][Uu][NnLl]|[Aa][Uu][Gg]|[Ss][Ee][Pp]|[Oo][Cc][Tt]|[Nn][Oo][Vv]|[Dd][Ee][Cc])",
  ),
  cronField("(0?[0-7]|[Ss][Uu][Nn]|[Mm][Oo][Nn]|[Tt][Uu][Ee]|[Ww][Ee][Dd]|[Tt][Hh][Uu]|[Ff][Rr][Ii]|[Ss][Aa][Tt])"),
].join(" ");

const timeZoneMessage = "the value must be the name of a time zone, such as Europe/Berlin, America/New_York or UTC";

const windowSchema = z
  .object({
    cron: z
      .string()
      .max(128)
      .meta({
        description: "Start of the window: minute, hour, day of the month, month and day of the week, as in `0 8 * * 1-5`.",
        ...rules({
          rule: `self.matches('^${CRON_PATTERN}$')`,
          message:
            "the value must be a cron pattern of five fields (minute, hour, day of month, month, day of week), such as 0 8 * * 1-5 for 8:00 on weekdays",
        }),
      }),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default("UTC")
      .meta({
        description: "Time zone of the pattern, by its name in the IANA database. Daylight saving time applies.",
        ...rules(
          // Go accepts these names in addition to those of the database.
          {
            rule: "self.matches('^[A-Za-z][A-Za-z0-9]*([/_+-][A-Za-z0-9]+)*$') && !self.matches('^(Local|localtime|posixrules|Factory|(posix|right)/.*)$')",
            message: timeZoneMessage,
          },
          // This rule fails, with its message, for a name that the API server's time zone database does not have.
          { rule: "timestamp('2020-01-01T00:00:00Z').getHours(self) >= 0", message: timeZoneMessage },
        ),
      }),
    duration: duration("Length of the window.", { min: "1m", max: "168h" }),
    slots: count("Free warm slots to keep for every preset during the window.", 0, 10_000),
  })
  .describe("A recurring time window with a minimum number of warm slots.");

export const warmSchema = z
  .object({
    slots: z
      .union([z.int32(), z.string()])
      .default("auto")
      .meta({
        description:
          "Free warm slots to keep for every preset: a launch of any preset finds this many. auto: as many as objective.launchSuccess requires, computed from observed launches, session lengths and start-up times; one per preset until there is data. A percentage: that share of all slots, taken and free, but at least one.",
        "x-kubernetes-int-or-string": true,
        maxLength: 8,
        ...rules({
          rule: `type(self) == int ? self >= 0 && self <= 10000 : self == 'auto' || ${FROM_1_TO_99_PERCENT}`,
          message: "the value must be auto, a whole number of slots from 0 to 10000, or a percentage from 1% to 99%",
        }),
      }),
    schedule: z
      .array(windowSchema)
      .max(16)
      .default([])
      .describe(
        "Time windows in which more slots are kept warm than `slots` sets. Workers are started early so that they are warm when a window begins. If windows overlap, the largest number applies.",
      ),
    warmup: z
      .object({
        mode: z
          .enum(["pipeline", "session"])
          .default("pipeline")
          .describe(
            "How a new worker is warmed up before it counts as warm. pipeline: the worker exercises its rendering pipeline, at no cost. session: in addition, a short real session loads each preset; each session costs one authentication and requires `livekit`.",
          ),
      })
      .describe("How workers are warmed up.")
      .prefault({}),
  })
  .describe("Spare capacity that is kept warm.")
  .prefault({});
