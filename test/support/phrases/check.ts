import type { Exception, Rule } from "./rules.ts";
import { commentsIn, sentencesIn, type Text } from "./texts.ts";

/** A banned phrase in a text that a user reads. */
export interface Hit {
  readonly file: string;
  readonly line: number;
  readonly phrase: string;
  readonly better: string;
}

/** Finds banned phrases in texts that a user reads: strings of TypeScript, comments of YAML, and all of any other file. */
export function hitsIn(file: string, source: string, rules: readonly Rule[], exceptions: readonly Exception[]): readonly Hit[] {
  const excepted = exceptions.filter((exception) => exception.file === file);
  const hits = textsIn(file, source).flatMap(({ text, line }) => {
    const checked = excepted.reduce((rest, exception) => rest.replaceAll(exception.text, blank), text);
    return rules.flatMap(({ phrase, better }) =>
      [...checked.matchAll(phrase)].map((match) => ({
        file,
        line: line + linesIn(checked.slice(0, match.index)),
        phrase: match[0].replaceAll(/\s+/g, " "),
        better,
      })),
    );
  });
  return hits.sort((one, other) => one.line - other.line);
}

function textsIn(file: string, source: string): readonly Text[] {
  if (/[.]tsx?$/.test(file)) return sentencesIn(file, source);
  if (file.endsWith(".yaml")) return commentsIn(source);
  return [{ text: source, line: 1 }];
}

/** Keeps the line breaks, because they determine the line number of a hit. */
function blank(text: string): string {
  return text.replaceAll(/\S/g, " ");
}

function linesIn(text: string): number {
  return text.split("\n").length - 1;
}
