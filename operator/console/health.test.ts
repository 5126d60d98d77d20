import { describe, expect, it } from "vitest";
import { healthOf } from "./health.ts";

const condition = (type: string, status: "True" | "False" | "Unknown", reason = "Because") => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
});
const ready = condition("Ready", "True");

describe("healthOf", () => {
  it("is the condition Ready first: failed, or starting while workers start", () => {
    expect(healthOf([condition("Ready", "False"), condition("Paused", "True")])).toEqual({
      health: "failed",
      sentence: "Ready is False",
    });
    expect(healthOf([condition("Ready", "False", "Starting")]).health).toBe("starting");
  });

  it("is then paused, then the most urgent condition that needs a person", () => {
    const troubles = [condition("StartupObjective", "False"), condition("AtMaximum", "True")];
    expect(healthOf([ready, condition("Paused", "True"), ...troubles]).health).toBe("paused");
    expect(healthOf([ready, condition("Paused", "False"), ...troubles])).toEqual({
      health: "degraded",
      sentence: "AtMaximum is True",
    });
  });

  it("is ok while workers warm up, with the sentence about them", () => {
    const warming = condition("WarmCapacity", "False", "Starting");
    expect(healthOf([ready, warming])).toEqual({ health: "ok", sentence: "WarmCapacity is False" });
    expect(healthOf([ready, condition("WarmCapacity", "False", "Short")]).health).toBe("degraded");
    expect(healthOf([ready])).toEqual({ health: "ok", sentence: "Ready is True" });
  });

  it("is starting before the first reconcile", () => {
    expect(healthOf([]).health).toBe("starting");
  });
});
