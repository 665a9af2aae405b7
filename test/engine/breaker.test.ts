import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { createBreaker, MAX_CONSECUTIVE_FAILURES, OutageError } from "../../src/engine/breaker.ts";
import { GraderError } from "../../src/graders/grader.ts";
import { MODEL_FAILURES, ModelError, type ModelFailure } from "../../src/models/model.ts";
import { createWorld, dataOf, play } from "../support/scripted-world.ts";

const ROLES = ["target", "grader", "reflection"] as const;
const OF_THE_REQUEST = ["bad_request", "content_filter"] as const;
const PASSING = ["rate_limited", "timeout", "unavailable", "malformed"] as const;
const problem = (code: ModelFailure) => ({ code, message: "No." });

describe("a breaker", () => {
  it("takes no number of refused requests for an outage of a role that has answered", () => {
    for (const role of ROLES) {
      for (const code of OF_THE_REQUEST) {
        const breaker = createBreaker();
        breaker.succeeded(role);
        for (let i = 0; i < 5 * MAX_CONSECUTIVE_FAILURES; i++) breaker.failed(role, problem(code));
        expect(() => breaker.check()).not.toThrow();
      }
    }
  });

  it("takes bad requests for an outage where the role has never answered, as they may all be ours", () => {
    const breaker = createBreaker();
    breaker.succeeded("reflection");
    const fail = () => breaker.failed("target", problem("bad_request"));
    for (let i = 1; i < MAX_CONSECUTIVE_FAILURES; i++) fail();
    expect(() => breaker.check()).not.toThrow();
    fail();
    expect(() => breaker.check()).toThrow(OutageError);
  });

  it("lets refused requests neither lengthen a row of failures nor end one", () => {
    const codes = Object.keys(MODEL_FAILURES) as ModelFailure[];
    const known = [...OF_THE_REQUEST, ...PASSING, "auth", "not_found", "quota"].sort();
    expect(codes.toSorted()).toEqual(known); // a new failure has to be put in its place here
    const calls = fc.array(fc.constantFrom("answered", ...OF_THE_REQUEST, ...PASSING), { maxLength: 60 });
    fc.assert(
      fc.property(calls, fc.constantFrom(...ROLES), (made, role) => {
        const breaker = createBreaker();
        breaker.succeeded(role);
        let row = 0;
        for (const call of made) {
          if (call === "answered") breaker.succeeded(role);
          else breaker.failed(role, problem(call));
          if (call === "answered") row = 0;
          else if ((PASSING as readonly string[]).includes(call)) row++;
          if (row === MAX_CONSECUTIVE_FAILURES - 1) break;
        }
        const fail = () => breaker.failed(role, problem("timeout"));
        for (; row < MAX_CONSECUTIVE_FAILURES - 1; row++) fail();
        expect(() => breaker.check()).not.toThrow();
        fail();
        expect(() => breaker.check()).toThrow(OutageError);
      }),
      { numRuns: 300 },
    );
  });
});

describe("refused requests", () => {
  const isEarly = (input: string) => Number(input.split(" ")[1]) < 30;

  it("on the first half of sorted data leave a job that learns from the other half", async () => {
    for (const seed of [1, 2, 3]) {
      const world = createWorld({
        examples: 60,
        spec: { seed },
        targetFails: (_prompt, input) =>
          isEarly(input) ? new ModelError("content_filter", "The request was refused.") : undefined,
      });
      expect((await play(world)).outcome).toMatchObject({
        kind: "finished",
        result: { report: { verdict: "improved" } },
      });
    }
  });

  for (const code of OF_THE_REQUEST) {
    it(`of a single proposal cost that proposal, not the job: ${code}`, async () => {
      let asked = 0;
      const world = createWorld({
        examples: 40,
        facts: 4,
        config: { minibatchSize: 8 },
        budget: { maxIterations: 6 },
        reflect: () => {
          const prompt = ++asked === 2 ? "Poison." : `Try ${asked}, with FACT-${asked % 4}.`;
          return JSON.stringify({ components: { prompt }, rationale: "", lesson: "" });
        },
        targetFails: (prompt) =>
          prompt === "Poison." ? new ModelError(code, "The request was refused.") : undefined,
      });
      const recording = await play(world);
      expect(recording.outcome).toMatchObject({ kind: "finished", result: { stopReason: "iterations" } });
      const poisoned = dataOf(recording, "generate").find((g) => g.components.prompt === "Poison.");
      const decision = dataOf(recording, "select").find((s) => s.candidateId === poisoned?.candidateId);
      expect(decision?.accepted).toBe(false);
    });
  }
});

describe("a grader that is out", () => {
  const cases = [4, 40].flatMap((examples) =>
    (["default", "reference"] as const).map((profile) => ({ examples, profile })),
  );
  for (const { examples, profile } of cases) {
    it(`is told as such, not as an outage of the target model: ${examples} examples, ${profile}`, async () => {
      const world = createWorld({ examples, config: { profile } });
      const grade = () => Promise.reject(new GraderError("unavailable", "The provider answered 503."));
      const grader = { ...world.ports.grader, callsPerGrade: 1, grade };
      const recording = await play({ ...world, ports: { ...world.ports, grader } });
      expect(recording.outcome).toMatchObject({
        kind: "failed",
        failure: {
          code: "grader_unavailable",
          sentence: "The grader could not be used: The provider answered 503.",
        },
      });
    });
  }
});
