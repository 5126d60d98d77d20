/**
 * A text that cannot control the terminal. Clients choose the names of rooms, and workers write their own logs.
 * @returns the text with `?` in place of control characters.
 */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (found) =>
    found === "\t" ? " " : "?",
  );
}
