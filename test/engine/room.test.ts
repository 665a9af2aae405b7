import { describe, expect, it } from "vitest";
import { NO_COST, times, type Cost } from "../../src/engine/budget.ts";
import type { Course } from "../../src/engine/course.ts";
import { worstCases } from "../../src/engine/prices.ts";
import { roomFor } from "../../src/engine/room.ts";
import { initialState } from "../../src/engine/state.ts";
import { ALL_TACTICS } from "../../src/engine/tactics.ts";
import { createWorld } from "../support/scripted-world.ts";

const order = Array.from({ length: 52 }, (_, i) => `v${i}`);
const ONE_RUN: Cost = { ...NO_COST, metricCalls: 1 };
const work = { fixed: times(6, ONE_RUN), validation: 52 };

function room(width: number, maxMetricCalls: number | undefined, used: number) {
  const { spec } = createWorld({
    config: { width },
    budget: maxMetricCalls === undefined ? {} : { maxMetricCalls },
  }).input;
  const course: Course = {
    spec,
    order,
    splits: { train: [], validation: order, test: [], policy: "given" },
    prices: { ...worstCases(spec, { callsPerGrade: 0 }), worstRun: ONE_RUN },
    tactics: ALL_TACTICS,
    reserve: times(90, ONE_RUN),
    testing: NO_COST,
  };
  return roomFor(course, { ...initialState(1, spec.components), used: times(used, ONE_RUN) }, work);
}

describe("the room for a proposal", () => {
  it("is a whole validation where the budget has it, and what is left where it has not", () => {
    expect(room(1, undefined, 0)).toMatchObject({ allowance: 52 });
    expect(room(1, 1_000, 100)).toMatchObject({ allowance: 52, worst: { metricCalls: 58 } });
    expect(room(1, 1_000, 874)).toMatchObject({ allowance: 30, worst: { metricCalls: 36 } });
  });

  it("is none where too little is left to tell a good child from a lucky one", () => {
    expect(room(1, 1_000, 888)).toMatchObject({ allowance: 16 });
    expect(room(1, 1_000, 889)).toEqual({ noRoom: "metric_calls" });
  });

  it("is a share where many go side by side, so that some of the budget outlives the first of them", () => {
    const allowances = [1, 4, 16].map((width) => {
      const given = room(width, 1_000, 52);
      return "noRoom" in given ? 0 : given.allowance;
    });
    expect(allowances).toEqual([52, 52, 16]);
    expect(room(4, 1_000, 452)).toMatchObject({ allowance: 28 });
  });

  it("leaves the rest of a budget to what was paused, once the width could no longer be filled", () => {
    expect(room(16, 1_000, 790)).toMatchObject({ allowance: 16 });
    expect(room(16, 1_000, 830)).toEqual({ noRoom: "metric_calls" });
  });
});
