import { describe, expect, it } from "vitest";
import { hitsIn } from "./check.ts";
import { rule } from "./rules.ts";

const rules = [rule("nobody|somebody", "the gateway"), rule("for good", "permanently")];

const found = (file: string, source: string, text = "") =>
  hitsIn(file, source, rules, text === "" ? [] : [{ file, text, why: "a test" }]).map(({ line, phrase }) => `${line} ${phrase}`);

describe("banned phrases", () => {
  it("are found in strings and templates of a module, with their line", () => {
    const source = `const a = 1;\nlog("nobody is left");\nthrow new Error(\`\n  \${a} of somebody: \${a} failed\`);\n`;
    expect(found("a.ts", source)).toEqual(["2 nobody", "4 somebody"]);
  });

  it("are found in the text and the attributes of an element", () => {
    const source = `const a = (\n  <p title="for good">\n    of <b>nobody</b>, {who.nobody}\n  </p>\n);\nconst b = <b>of somebody</b>;\n`;
    expect(found("a.tsx", source)).toEqual(["2 for good", "6 somebody"]);
  });

  it("are ignored in identifiers, comments and literals without a space", () => {
    expect(found("a.ts", '// nobody\nconst nobody = "nobody";\nimport "./nobody.ts";\n')).toEqual([]);
  });

  it("do not span a value of a template", () => {
    expect(found("a.ts", `log(\`it failed for \${reason} good\`);`)).toEqual([]);
  });

  it("are found in pages, across line breaks and in any case", () => {
    expect(found("a.md", "# Title\n\nIt failed for\ngood. Nobody knows.\n")).toEqual(["3 for good", "4 Nobody"]);
  });

  it("are found in comments of YAML only", () => {
    expect(found("a.yaml", "# It fails for\n# good.\nkey: nobody # not\nother: a#nobody\n")).toEqual(["1 for good"]);
  });

  it("are whole words", () => {
    expect(found("a.md", "somebodyelse is not forgood")).toEqual([]);
  });

  it("are allowed in an excepted text only", () => {
    expect(found("a.md", "User nobody.\nOf nobody.", "User nobody")).toEqual(["2 nobody"]);
  });
});
