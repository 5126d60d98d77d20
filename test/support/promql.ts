/** A metric in a PromQL expression, with the labels of its matchers. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

const WORDS = new Set(["and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"]);
const LABEL_LIST = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;
const NAME = /([a-zA-Z_:][\w:]*)(\s*\()?(?:\{([^}]*)\})?/g;

/** The selectors of an expression. Expects a valid expression without subqueries, `__name__` and `$` variables outside strings. */
export function selectorsIn(expr: string): readonly Selector[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(LABEL_LIST, "");
  return [...bare.matchAll(NAME)].flatMap(([, metric = "", call, matchers = ""]) =>
    call !== undefined || WORDS.has(metric) ? [] : [{ metric, labels: labelsIn(matchers) }],
  );
}

function labelsIn(matchers: string): readonly string[] {
  return [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label);
}
