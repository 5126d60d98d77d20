/** A step of `npm test`: finds banned phrases in the texts that users read. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hitsIn } from "../test/support/phrases/check.ts";
import { exceptions, rules } from "../test/support/phrases/rules.ts";

/** Excludes generated pages, because their texts are strings of `operator`. */
const USER_FACING = [
  "operator/*.ts",
  "console/*.ts",
  "console/*.tsx",
  "*.md",
  "charts/*.yaml",
  "charts/*NOTES.txt",
  "charts/*values.schema.json",
  "examples/*.yaml",
  ":!*.test.ts",
  ":!docs/reference.md",
  ":!docs/settings.md",
  ":!charts/avatarpool/files",
];

const files = execFileSync("git", ["ls-files", "-z", ...USER_FACING], { encoding: "utf8" })
  .split("\0")
  .filter(Boolean);
const sources = files.map((file) => ({ file, source: readFileSync(file, "utf8") }));
const hits = sources.flatMap(({ file, source }) => hitsIn(file, source, rules, exceptions));
for (const { file, line, phrase, better } of hits) console.error(`${file}:${line}: "${phrase}": write ${better}`);

const unused = exceptions.filter(({ file, text }) => !sources.some((one) => one.file === file && one.source.includes(text)));
for (const { file, text } of unused)
  console.error(`test/support/phrases/rules.ts: ${file} has no text "${text}": remove the exception`);

if (hits.length + unused.length > 0) {
  console.error(`${hits.length} banned phrases; the rules of English are in CONTRIBUTING.md`);
  process.exit(1);
}
console.log(`${files.length} files without a banned phrase`);
