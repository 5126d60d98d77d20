import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admits } from "../../../test/support/crd-rules.ts";
import { pool } from "../../../test/support/pools.ts";
import { surgePods } from "../../scaling/stopped-rollout.ts";
import { parseDurationMs } from "../duration.ts";

/** The CRD's rules admit exactly the values that the code can read. One generator feeds both sides. */

const runs = { numRuns: 2_000 };
const digits = fc.stringMatching(/^[0-9]{0,7}$/);

/** @returns undefined if the function throws or returns no number. */
function numberOf(read: () => number): number | undefined {
  try {
    const value = read();
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

describe("durations", () => {
  const text = fc.array(fc.tuple(digits, fc.constantFrom("ms", "s", "m", "h", "d", "", ".5s")), { maxLength: 5 });
  const durations: readonly (readonly [path: string, minMs: number, maxMs: number])[] = [
    ["spec.workers[].drain.timeout", 0, 86_400_000],
    ["spec.objective.startup.target", 100, 600_000],
    ["spec.warm.schedule[].duration", 60_000, 604_800_000],
  ];

  it.each(durations)("%s: admits exactly the readable durations within the bounds", (path, minMs, maxMs) => {
    const isAdmitted = admits(path);
    fc.assert(
      fc.property(text, (parts) => {
        const written = parts.flat().join("");
        const ms = numberOf(() => parseDurationMs(written));
        expect([written, isAdmitted(written)]).toEqual([written, ms !== undefined && ms >= minMs && ms <= maxMs]);
      }),
      runs,
    );
  });
});

describe("percentages", () => {
  const written = fc.oneof(
    fc.integer({ min: -2, max: 12_000 }),
    fc.tuple(digits, fc.constantFrom("%", "", " %", "%%")).map((parts) => parts.join("")),
    fc.constantFrom("auto", "0", "00%", "100%", "101%", ""),
  );

  it("admits exactly the readable percentages of warm slots", () => {
    const isAdmitted = admits("spec.warm.slots");
    fc.assert(
      fc.property(written, (slots) => {
        const isRead = numberOf(() => (pool({ warm: { slots } }).config.warm.slots.kind === "auto" ? 1 : 2)) !== undefined;
        // The code reads any number unchanged.
        const fits = typeof slots === "string" || (slots >= 0 && slots <= 10_000);
        expect([slots, isAdmitted(slots)]).toEqual([slots, isRead && fits]);
      }),
      runs,
    );
  });

  it("admits a rollout share of workers from 0 to 100 %", () => {
    const isAdmitted = admits("spec.workers[].rollout.maxSurge");
    fc.assert(
      fc.property(written.filter(isAdmitted), (surge) => {
        const pods = surgePods(surge, 100);
        expect(pods).toBeGreaterThanOrEqual(0);
        expect(pods).toBeLessThanOrEqual(typeof surge === "number" ? 5_000 : 100);
        expect(String(surge)).toMatch(/^[0-9]+%?$/);
      }),
      runs,
    );
    for (const surge of ["0%", "7%", "25%", "100%", 0, 5_000]) expect([surge, isAdmitted(surge)]).toEqual([surge, true]);
    for (const surge of ["00%", "07%", "101%", "%", "7", "-1%", -1, 5_001])
      expect([surge, isAdmitted(surge)]).toEqual([surge, false]);
  });
});

describe("quantities", () => {
  /** The grammar of Kubernetes quantities, from the Kubernetes documentation. */
  const KUBERNETES = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
  const written = fc
    .tuple(
      fc.constantFrom("", "", "+", "-"),
      digits,
      fc.constantFrom("", "", ".", ".5", ".250"),
      fc.constantFrom("", "m", "u", "n", "k", "K", "M", "Ki", "Mi", "Gi", "Ei", "E", "e", "e3", "E-2", "e+10", "mi", "GB", " "),
    )
    .map((parts) => parts.join(""));

  it("admits exactly the non-negative Kubernetes quantities, as text and as numbers", () => {
    const isAdmitted = admits("spec.workers[].resources.requests.cpu");
    let admitted = 0;
    fc.assert(
      fc.property(written, (text) => {
        if (!isAdmitted(text)) return;
        admitted += 1;
        expect(text).toMatch(KUBERNETES);
        expect(text).not.toMatch(/^-/);
      }),
      runs,
    );
    expect(admitted).toBeGreaterThan(100);
    for (const text of ["2", "0.5", ".5", "5.", "+1", "500m", "1Ki", "12E", "1e3", "12Gi", 0, 0.5, 2])
      expect([text, isAdmitted(text)]).toEqual([text, true]);
    for (const text of ["", "-1", "1K", "1 Gi", "GB", "1e", "1e1.5", ".", "1.2.3", "0x1", -1])
      expect([text, isAdmitted(text)]).toEqual([text, false]);
  });
});

describe("URLs", () => {
  const host = fc.oneof(
    fc
      .array(fc.constantFrom("a", "B-", "_x", "1", "300", "0x1", "", "ü"), { minLength: 1, maxLength: 4 })
      .map((labels) => labels.join(".")),
    fc.constantFrom("[::1]", "127.0.0.1", "1.2.3.999", "localhost", "exa mple.com", "a:b", ""),
  );
  const url = fc
    .tuple(
      fc.constantFrom("https://", "http://", "wss://", "ws://", "HTTPS://", "https:/", ""),
      fc.constantFrom("", "", "user:p%40ss@", "@"),
      host,
      fc.constantFrom("", "", ":80", ":0", ":65535", ":65536", ":99999", ":x"),
      fc.constantFrom("", "/", "/a b", "?x=1", "#f", "x", "\\"),
    )
    .map((parts) => parts.join(""));

  it.each(["spec.presets[].image.url", "spec.overflow.url", "spec.livekit.url"])(
    "%s: admits only URLs that the code can parse",
    (path) => {
      const isAdmitted = admits(path);
      let admitted = 0;
      fc.assert(
        fc.property(url, (text) => {
          if (!isAdmitted(text)) return;
          admitted += 1;
          expect([text, URL.canParse(text) && new URL(text).hostname !== ""]).toEqual([text, true]);
        }),
        runs,
      );
      expect(admitted).toBeGreaterThan(30);
    },
  );
});

describe("names", () => {
  /** Follows Kubernetes' validation: `IsExtendedResourceName` and its check of the qualified name. */
  function isExtendedResource(text: string): boolean {
    const [domain = "", name = "", ...rest] = text.split("/");
    const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
    return (
      rest.length === 0 &&
      !text.includes("kubernetes.io/") &&
      !text.startsWith("requests.") &&
      domain.split(".").every((part) => part.length <= 63 && label.test(part)) &&
      name.length <= 63 &&
      /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)
    );
  }
  const text = fc.oneof(
    fc.constantFrom(
      "nvidia.com/gpu",
      "nvidia.com/mig-1g.10gb.me",
      "amd.com/gpu",
      "gpu.intel.com/i915",
      "requests.nvidia.com/gpu",
      "cpu",
      "kubernetes.io/x",
    ),
    fc
      .tuple(
        fc.array(fc.constantFrom("a", "b-c", "-", "A", "com", "kubernetes.io", "requests", "x".repeat(64)), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.constantFrom("/", "/", "", "//"),
        fc.stringMatching(/^[-A-Za-z0-9_.]{0,70}$/),
      )
      .map(([labels, slash, name]) => labels.join(".") + slash + name),
  );

  it("admits exactly the extended resource names of Kubernetes", () => {
    const isAdmitted = admits("spec.workers[].gpu.resourceName");
    fc.assert(
      fc.property(text, (name) => {
        expect([name, isAdmitted(name)]).toEqual([name, isExtendedResource(name)]);
      }),
      runs,
    );
  });

  it("admits every time zone of the database, and none that only Go has", () => {
    const isAdmitted = admits("spec.warm.schedule[].timeZone");
    const zones = [...Intl.supportedValuesOf("timeZone"), "EST5EDT", "GMT0", "Etc/GMT-14", "US/Pacific", "UTC"];
    expect(zones.filter((zone) => !isAdmitted(zone))).toEqual([]);
    expect(
      ["Local", "localtime", "Factory", "posixrules", "posix/UTC", "right/Europe/Berlin", "+02:00", ""].filter(isAdmitted),
    ).toEqual([]);
  });
});
