import { describe, expect, it } from "vitest";
import { changesOf } from "./changelog.ts";

const changelog = `# Changelog

## Unreleased

- not yet

## 0.2.0 (2026-12-01)

### Gateway

- a change

## 0.2.0-rc.1

- a candidate

## 0.1.0
`;

describe("changesOf", () => {
  it("returns the section of exactly this version", () => {
    expect(changesOf(changelog, "0.2.0")).toBe("### Gateway\n\n- a change");
    expect(changesOf(changelog, "0.2.0-rc.1")).toBe("- a candidate");
  });

  it("rejects a version without a section, and an empty section", () => {
    expect(() => changesOf(changelog, "0.2")).toThrow('CHANGELOG.md has no section "## 0.2": rename "## Unreleased" to it');
    expect(() => changesOf(changelog, "0.1.0")).toThrow('the section "## 0.1.0" of CHANGELOG.md is empty');
  });
});
