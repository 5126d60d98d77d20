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

const timeZoneMessage = "must be the name of a time zone, such as Europe/Berlin, America/New_York or UTC";

const windowSchema = z
  .object({
    cron: z
      .string()
      .max(128)
      .meta({
        description: "When the window begins: minute, hour, day of the month, month and day of the week, as in `0 8 * * 1-5`.",
        ...rules({
          rule: `self.matches('^${CRON_PATTERN}$')`,
          message:
            "must be a cron pattern of five fields (minute, hour, day of month, month, day of week), such as 0 8 * * 1-5 for 8:00 on weekdays",
        }),
      }),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default("UTC")
      .meta({
        description: "Time zone in which the pattern is read, as the IANA database names it; summer time is followed.",
        ...rules(
          // Go has these names beside those of the database.
          {
            rule: "self.matches('^[A-Za-z][A-Za-z0-9]*([/_+-][A-Za-z0-9]+)*$') && !self.matches('^(Local|localtime|posixrules|Factory|(posix|right)/.*)$')",
            message: timeZoneMessage,
          },
          // A name that the API server's time zone database does not have makes this one fail, with this message.
          { rule: "timestamp('2020-01-01T00:00:00Z').getHours(self) >= 0", message: timeZoneMessage },
        ),
      }),
    duration: duration("How long the window lasts.", { min: "1m", max: "168h" }),
    slots: count("Slots kept free and warm for every preset within the window.", 0, 10_000),
  })
  .describe("A time for which at least so much is kept warm.");

export const warmSchema = z
  .object({
    slots: z
      .union([z.int32(), z.string()])
      .default("auto")
      .meta({
        description:
          "Slots kept free and warm for every preset: a launch of any preset finds this many. auto: as many as objective.launchSuccess takes, by what was seen of launches, session lengths and start-ups; one per preset until something was seen. A number: that many. A percentage: that share of all slots, taken and free, but at least one.",
        "x-kubernetes-int-or-string": true,
        maxLength: 8,
        ...rules({
          rule: `type(self) == int ? self >= 0 && self <= 10000 : self == 'auto' || ${FROM_1_TO_99_PERCENT}`,
          message: "must be auto, a whole number of slots from 0 to 10000, or a percentage from 1% to 99%",
        }),
      }),
    schedule: z
      .array(windowSchema)
      .max(16)
      .default([])
      .describe(
        "Times for which more is kept warm than `slots` says. Workers are started ahead, so that they are warm when a window begins; of windows that overlap the largest counts.",
      ),
    warmup: z
      .object({
        mode: z
          .enum(["pipeline", "session"])
          .default("pipeline")
          .describe(
            "How a new worker is warmed before it counts as warm. pipeline: its rendering pipeline is exercised, which costs nothing. session: besides, a short real session per preset loads the preset, which costs one authentication each and needs `livekit`.",
          ),
      })
      .describe("What makes a worker warm.")
      .prefault({}),
  })
  .describe("How much is kept warm.")
  .prefault({});
