import type { UploadedFile } from "../../engines/index.ts";

/** The fields of a launch request in any encoding. A repeated field keeps its first value. */
export interface LaunchForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: ({ readonly field: string } & UploadedFile) | undefined;
}
