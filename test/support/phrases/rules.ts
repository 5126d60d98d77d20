/** A phrase that is not plain technical English, and what to write in its place. */
export interface Rule {
  readonly phrase: RegExp;
  readonly better: string;
}

/** A text that is right although a rule finds a phrase in it. */
export interface Exception {
  readonly file: string;
  readonly text: string;
  readonly why: string;
}

export const rules: readonly Rule[] = [
  rule("comes? to|came to", "reaches, arrives at"),
  rule("wins? back|won back", "reclaims, reclaimed"),
  rule("lets? go|let go of", "releases, removes"),
  rule("dear", "expensive"),
];

export const exceptions: readonly Exception[] = [];

/** @param words alternatives, case-insensitive; a space matches a line break as well. */
export function rule(words: string, better: string): Rule {
  return { phrase: new RegExp(`\\b(?:${words.replaceAll(" ", "\\s+")})\\b`, "gi"), better };
}
