import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { launchErrors, sessionErrors } from "../errors.ts";
import { openApi } from "./openapi.ts";

const document = openApi();
const launch = document.paths["/{namespace}/{pool}/launch"].post;

describe("the OpenAPI document", () => {
  it("lists only codes that the documentation explains", async () => {
    const page = await readFile(path.join(import.meta.dirname, "..", "..", "..", "docs", "troubleshooting.md"), "utf8");
    for (const code of Object.keys({ ...launchErrors, ...sessionErrors })) expect(page).toContain(`\`${code}\``);
  });

  it("lists every error code under its status", () => {
    for (const [code, { status, meaning }] of Object.entries(launchErrors)) {
      expect(launch.responses).toHaveProperty(String(status));
      expect(JSON.stringify(launch.responses)).toContain(`\`${code}\`: ${meaning}`);
    }
  });

  it("describes every dialect with its required fields", () => {
    const content = launch.requestBody.content;
    for (const type of ["multipart/form-data", "application/x-www-form-urlencoded", "application/json"] as const) {
      expect(content[type].schema).toMatchObject({ required: ["livekit_url", "livekit_token", "room_name"] });
    }
    expect(content["multipart/form-data"].schema).toMatchObject({ properties: { avatar_image: { format: "binary" } } });
    expect(content["application/json"].schema).toMatchObject({
      properties: { image: { type: "string" }, async_mode: { type: "boolean" } },
    });
  });

  it("contains no broken reference", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)));
  });
});
