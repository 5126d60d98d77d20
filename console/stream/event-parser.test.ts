import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventParser } from "./event-parser.ts";

describe("EventParser", () => {
  it("finds the same events wherever the network splits the stream", () => {
    fc.assert(
      fc.property(fc.array(fc.json()), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (events, sizes) => {
        const stream = events.map((event) => `:\n\ndata: ${JSON.stringify(JSON.parse(event))}\n\n`).join("");
        const parser = new EventParser();
        const found: string[] = [];
        let at = 0;
        while (at < stream.length) {
          const size = sizes.next().value;
          found.push(...parser.push(stream.slice(at, at + size)));
          at += size;
        }
        expect(found.map((event) => JSON.parse(event))).toEqual(events.map((event) => JSON.parse(event)));
      }),
    );
  });

  it("ignores heartbeats and other fields, and joins the lines of one event", () => {
    expect(new EventParser().push(": heartbeat\n\nevent: x\r\ndata: one\r\ndata: two\r\n\r\n")).toEqual(["one\ntwo"]);
  });
});
