import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** Colours a text, or returns it unchanged. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/** Colours only if stdout is a terminal, and none if `NO_COLOR` is set. */
export const paintStdout: Paint = (style, text) => styleText(style, text, { stream: process.stdout });
