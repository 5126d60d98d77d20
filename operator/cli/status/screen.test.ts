import { expect, it } from "vitest";
import { Screen } from "./screen.ts";

/** A terminal of 20 columns that interprets the escape sequences of Screen. */
function terminal() {
  let text = "";
  const lines = () => {
    const screen: string[] = [];
    let at = 0;
    for (const piece of text.replaceAll("\x1b[", "␛").split(/(␛\??\d*[A-Za-z]|\n|\r)/)) {
      const up = /^␛(\d+)A$/.exec(piece);
      if (up !== null) at -= Number(up[1]);
      else if (piece === "␛J") screen.length = at;
      else if (piece === "␛K") screen[at] ??= "";
      else if (piece === "\n") at += 1;
      else if (piece !== "" && piece !== "\r" && !piece.startsWith("␛")) screen[at] = piece;
    }
    return screen;
  };
  const stream = {
    columns: 20,
    rows: 10,
    write: (more: string) => {
      text += more;
      return true;
    },
  };
  return { stream, lines, written: () => text };
}

it("redraws in place and removes lines that are no longer drawn", () => {
  const { stream, lines } = terminal();
  const screen = new Screen(stream);
  screen.draw("one\ntwo\nthree");
  screen.draw("1\n2");
  expect(lines()).toEqual(["1", "2"]);
});

it("writes log lines above the block", () => {
  const { stream, lines } = terminal();
  const screen = new Screen(stream);
  screen.log("before");
  screen.draw("one\ntwo");
  screen.log("news");
  screen.draw("1\n2");
  expect(lines()).toEqual(["before", "news", "1", "2"]);
});

it("cuts lines that would wrap or scroll", () => {
  const { stream, lines } = terminal();
  new Screen(stream).draw(`${"●".repeat(30)}\n${"x\n".repeat(20)}`);
  expect(lines()[0]).toHaveLength(19);
  expect(lines()).toHaveLength(9);
});

it("restores the cursor once", () => {
  const { stream, written } = terminal();
  const screen = new Screen(stream);
  screen.draw("one");
  screen[Symbol.dispose]();
  screen[Symbol.dispose]();
  const [hide, show] = ["\x1b[?25l", "\x1b[?25h"];
  expect(written().startsWith(hide)).toBe(true);
  expect(written().split(show)).toHaveLength(2);
});
