import { describe, expect, it } from "vitest";
import type { HistorySample } from "../../operator/api/console.ts";
import { launchesSentence, summaryOf, timeCharts } from "./charts.ts";

const sample = (changes: Partial<HistorySample>): HistorySample => ({
  ...{ atMs: 0, sessions: 0, slots: 0, warmSlots: 0, warmWanted: 0, replicas: 0, queued: 0 },
  ...{ launches: 0, worker503: 0, refused: 0, waited: 0 },
  ...changes,
});
const chart = (title: string) => timeCharts.find((each) => each.title === title)!;

describe("the sentences of the page Time", () => {
  it("count a 503 of a worker as absorbed unless the client got an error", () => {
    expect(launchesSentence([sample({ launches: 1_200, worker503: 4 }), sample({ worker503: 2, refused: 1, waited: 3 })])).toBe(
      "1,200 launches: 3 waited for a slot, 1 got an error. Workers responded with 6 503s, of which gateways absorbed 5.",
    );
    expect(launchesSentence([sample({ launches: 1 })])).toBe(
      "1 launch: 0 waited for a slot, 0 got an error. No worker responded with 503.",
    );
  });

  it("describe a plot by its latest and its largest values", () => {
    const samples = [sample({ sessions: 9, slots: 12, startupP95Ms: 4_200 }), sample({ sessions: 3, slots: 8 })];
    expect(summaryOf(chart("Sessions"), samples)).toBe("Latest sessions: 3, at most 9. Latest slots: 8, at most 12.");
    expect(summaryOf(chart("First frame, 95th percentile"), samples)).toBe("Latest start-up: 4.2s, at most 4.2s.");
    expect(summaryOf(chart("First frame, 95th percentile"), [])).toBe("No value for start-up.");
  });
});
