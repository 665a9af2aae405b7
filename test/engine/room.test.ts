import { describe, expect, it } from "vitest";
import { NO_COST, times, type Cost } from "../../src/engine/budget.ts";
import type { Course } from "../../src/engine/course.ts";
import { worstCases } from "../../src/engine/prices.ts";
import { breaksLimit, noRoomForProposal } from "../../src/engine/room.ts";
import { initialState } from "../../src/engine/state.ts";
import { ALL_TACTICS } from "../../src/engine/tactics.ts";
import { createWorld } from "../support/scripted-world.ts";

const order = Array.from({ length: 52 }, (_, i) => `v${i}`);
const ONE_RUN: Cost = { ...NO_COST, metricCalls: 1 };

/** A job of 1,000 runs, of which 90 are kept back for the test. */
function given(width: number, used: number) {
  const { spec } = createWorld({ config: { width }, budget: { maxMetricCalls: 1_000 } }).input;
  const course: Course = {
    spec,
    order,
    splits: { train: [], validation: order, test: [], policy: "given" },
    prices: { ...worstCases(spec, { callsPerGrade: 0 }), worstRun: ONE_RUN },
    constraints: () => undefined,
    tactics: ALL_TACTICS,
    reserve: times(90, ONE_RUN),
    testing: NO_COST,
  };
  return { course, state: { ...initialState(1, spec.components), used: times(used, ONE_RUN) } };
}

/** A proposal of six runs and a first block of eight. */
function room(width: number, used: number) {
  const { course, state } = given(width, used);
  return noRoomForProposal(course, state, times(6, ONE_RUN), 8);
}

describe("the room for a proposal", () => {
  it("is there while its child could still be told from a lucky one", () => {
    expect(room(1, 888)).toBeUndefined();
    expect(room(1, 889)).toBe("metric_calls");
  });

  it("leaves the rest of a budget to what was paused, once the width could no longer be filled", () => {
    expect(room(16, 791)).toBeUndefined();
    expect(room(16, 792)).toBe("metric_calls");
  });
});

describe("the limit that work breaks", () => {
  it("is counted beside what is used, kept back and in flight at its worst", () => {
    const { course, state } = given(1, 800);
    const [intent] = [{ worst: times(30, ONE_RUN) }] as unknown as typeof state.inFlight;
    const busy = { ...state, inFlight: intent ? [intent] : [] };
    expect(breaksLimit(course, state, times(110, ONE_RUN))).toBeUndefined();
    expect(breaksLimit(course, state, times(111, ONE_RUN))).toBe("metric_calls");
    expect(breaksLimit(course, busy, times(80, ONE_RUN))).toBeUndefined();
    expect(breaksLimit(course, busy, times(81, ONE_RUN))).toBe("metric_calls");
  });
});
