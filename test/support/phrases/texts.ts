import ts from "typescript";

/** A text that a user reads, and the number of its first line in the file. */
export interface Text {
  readonly text: string;
  readonly line: number;
}

/**
 * The sentences among a module's string and template literals, and the text of its elements. A literal without a space is an
 * identifier, not a sentence.
 * @param name its extension is `.ts` or `.tsx`.
 */
export function sentencesIn(name: string, source: string): readonly Text[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const found: Text[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text?.includes(" ")) found.push({ text, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Replaces each value in a template by "…", so that no phrase spans the value. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isJsxText(node)) return node.text;
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…");
}

/** The comments of a YAML file, one text for each block of lines, since a phrase may continue on the next line. */
export function commentsIn(source: string): readonly Text[] {
  const found: { text: string; line: number }[] = [];
  let open = false;
  for (const [index, line] of source.split("\n").entries()) {
    const comment = /(?:^|\s)#\s?(.*)$/.exec(line)?.[1];
    const last = found.at(-1);
    if (comment !== undefined && open && last !== undefined) last.text += `\n${comment}`;
    else if (comment !== undefined) found.push({ text: comment, line: index + 1 });
    open = comment !== undefined;
  }
  return found;
}
