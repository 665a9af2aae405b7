import { describe, expect, it } from "vitest";
import { randomIds } from "../../src/base/ids.ts";

describe("randomIds.job", () => {
  it("gives UUIDs of version 7 that sort by the time of creation and never repeat", () => {
    const a = randomIds.job(1_700_000_000_000);
    const b = randomIds.job(1_700_000_000_001);
    expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(a < b).toBe(true);
    expect(Number.parseInt(a.replace("-", "").slice(0, 12), 16)).toBe(1_700_000_000_000);
    expect(new Set(Array.from({ length: 1000 }, () => randomIds.job(5))).size).toBe(1000);
  });
});
