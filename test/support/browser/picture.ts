import type { Page } from "puppeteer-core";

/** Cells of the grid that a picture is reduced to. */
const COLUMNS = 24;
const ROWS = 16;

/** What remains of a screenshot if fonts, figures and exact positions do not matter. */
export interface Picture {
  /** Colour of most pixels, as luminance from 0 (black) to 1. */
  readonly background: number;
  /** By cell, from the top left: share of the pixels that differ clearly from the background. */
  readonly ink: readonly number[];
}

/** Runs in a blank page: decodes the PNG and counts. */
const REDUCE = `async (data, columns, rows) => {
  const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data: pixels } = context.getImageData(0, 0, width, height);
  const luminance = new Uint8Array(width * height);
  const histogram = new Uint32Array(256);
  for (let index = 0; index < luminance.length; index += 1) {
    const at = 4 * index;
    luminance[index] = Math.round(0.2126 * pixels[at] + 0.7152 * pixels[at + 1] + 0.0722 * pixels[at + 2]);
    histogram[luminance[index]] += 1;
  }
  const background = histogram.indexOf(Math.max(...histogram));
  const ink = new Array(columns * rows).fill(0);
  const sizes = new Array(columns * rows).fill(0);
  for (let index = 0; index < luminance.length; index += 1) {
    const column = Math.floor(((index % width) * columns) / width);
    const row = Math.floor((Math.floor(index / width) * rows) / height);
    sizes[row * columns + column] += 1;
    if (Math.abs(luminance[index] - background) > 24) ink[row * columns + column] += 1;
  }
  return { background: background / 255, ink: ink.map((count, cell) => count / Math.max(1, sizes[cell])) };
}`;

/** Reduces what the window shows now. */
export async function pictureOf(page: Page): Promise<Picture> {
  const data = await page.screenshot({ encoding: "base64" });
  const blank = await page.browserContext().newPage();
  try {
    return (await blank.evaluate(`(${REDUCE})(${JSON.stringify(data)}, ${COLUMNS}, ${ROWS})`)) as Picture;
  } finally {
    await blank.close();
  }
}

/** Share of the cells that show something. */
export function filled({ ink }: Picture): number {
  return ink.filter((share) => share > 0.01).length / ink.length;
}

/** Pearson correlation of the two layouts: 1 if equal, about 0 if unrelated. */
export function likeness({ ink: one }: Picture, { ink: other }: Picture): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanOne, meanOther] = [mean(one), mean(other)];
  const products = (first: readonly number[], firstMean: number, second: readonly number[], secondMean: number) =>
    first.reduce((sum, value, index) => sum + (value - firstMean) * ((second[index] ?? 0) - secondMean), 0);
  const spread = products(one, meanOne, one, meanOne) * products(other, meanOther, other, meanOther);
  return spread === 0 ? 0 : products(one, meanOne, other, meanOther) / Math.sqrt(spread);
}
