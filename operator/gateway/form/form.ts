import type { UploadedFile } from "../../engines/index.ts";

/** A launch has about ten. */
export const MAX_FIELDS = 64;

/** A launch form as it came, whatever its encoding. A field that came twice keeps its first value. */
export interface LaunchForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: ({ readonly field: string } & UploadedFile) | undefined;
}
