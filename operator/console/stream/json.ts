/** JSON of objects that never change, by identity: all streams share one text of a row or of a tile. */
const texts = new WeakMap<object, string>();

export function jsonOf(object: object): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  texts.set(object, text);
  return text;
}

export function jsonList(objects: readonly object[]): string {
  return `[${objects.map(jsonOf).join(",")}]`;
}
