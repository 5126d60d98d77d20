/** A phrase that is not plain technical English, and its replacement. */
export interface Rule {
  readonly phrase: RegExp;
  readonly better: string;
}

/** A correct text in which a rule finds a phrase. */
export interface Exception {
  readonly file: string;
  readonly text: string;
  readonly why: string;
}

export const rules: readonly Rule[] = [
  rule("whoever|somebody|nobody|anybody|everybody", "name the component or the person: the gateway, a client, an administrator"),
  rule("tells?|told", "reports, sends, states; for a person: shows"),
  rule("says?|said", "states, requires, reports"),
  rule("asks?|asked|asking", "requests, queries"),
  rule("hears?|heard", "receives"),
  rule("lets? in", "accepts, authenticates"),
  rule("takes? for|taken for", "treated as"),
  rule("comes? to|came to", "reaches, arrives at"),
  rule("goes on|go on|went on", "continues"),
  rule("what was learned|has learned|was learned", "the demand forecast"),
  rule("wins? back|won back", "reclaims, reclaimed"),
  rule("lets? go|let go of", "releases, removes"),
  rule("looks (?:at|into|for)|is looked|are looked", "checks, queries, reads"),
  rule("for good", "permanently"),
  rule("of late|lately", "recently, in the last … minutes"),
  rule("all the same", "anyway, nevertheless"),
  rule("are as before|is as before", "is unchanged"),
  rule("is away|are away", "is unavailable"),
  rule("gone are|so many started", "subject first: removed workers …; measured p95: …"),
  rule("beside|besides", "next to, in addition to"),
  rule("of ours", "of AvatarPool"),
  rule("swallows?|swallowed", "loses the response"),
  rule("mends?|mended", "fix, correct"),
  rule("dear", "expensive"),
  rule("looks? after", "manages"),
  rule("learns|(?:is|was|has|have) learned", "estimates, records, receives"),
  rule("where (?:no|none|nothing|there)", 'if ("where" is for a place)'),
  rule("rights|(?:no|that) right|right to", "permission"),
  rule("(?:is|are) wanted", "is required, is requested"),
  rule("(?:must|would|may|now) go|goes? (?:first|now|away)", "is removed, is deleted"),
  rule("knows? (?:no|of)", "has no …, receives"),
];

/** The phrases that CONTRIBUTING lists as wrong. */
const WRONG = [
  'not "who", "somebody" or "nobody"',
  "A component does not tell, say, ask, come, go",
  "so many started within 4.2s",
  "3 of its workers are as before",
  "gone are a, b",
  "failed for good",
  "nobody can be let in",
  "what was learned could not be kept",
  "where `min` is 0",
];

export const exceptions: readonly Exception[] = [
  ...WRONG.map((text) => ({ file: "CONTRIBUTING.md", text, why: "an example" })),
  { file: "docs/explain.md", text: "wanted lately", why: "the name of an input of a decision" },
];

/** @param words alternatives, case-insensitive; a space matches a line break as well. */
export function rule(words: string, better: string): Rule {
  return { phrase: new RegExp(`\\b(?:${words.replaceAll(" ", "\\s+")})\\b`, "gi"), better };
}
