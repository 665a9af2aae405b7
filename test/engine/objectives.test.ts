import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { objectiveFront, objectiveVectors } from "../../src/engine/objectives.ts";
import { nonDominated } from "../../src/engine/pareto.ts";
import { meanOver, publicFront } from "../../src/engine/standing.ts";
import { withEvaluations, type Member } from "../../src/engine/state.ts";
import { member } from "../support/members.ts";

const scoreOf = (m: Member) => meanOver(m, ["a"]);
const answered = (id: string, score: number, output: string, prompt: string, criteria = {}): Member =>
  withEvaluations(member(id, {}, { components: { prompt } }), [
    { exampleId: "a", score, feedback: "", output, objectives: criteria, reused: false },
  ]);

describe("vector dominance", () => {
  it("leaves exactly the points that no other one beats", () => {
    const point = fc.array(fc.oneof(fc.nat(3), fc.constant(Number.NEGATIVE_INFINITY)), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 12 }), (points) => {
        const front = new Set(nonDominated(points));
        for (const [i, p] of points.entries()) {
          const beaten = points.some((q) => {
            let better = false;
            for (const k of [0, 1, 2]) {
              if ((q[k] ?? 0) < (p[k] ?? 0)) return false;
              if ((q[k] ?? 0) > (p[k] ?? 0)) better = true;
            }
            return better;
          });
          expect(front.has(i)).toBe(!beaten);
        }
        expect(points.length === 0 || front.size > 0).toBe(true);
      }),
    );
  });
});

describe("the objectives of a candidate", () => {
  it("are its score and what its texts, answers and grades say, each higher-is-better", () => {
    const pool = [
      answered("c0", 0.5, "12345678", "1234", { tone: 0.25 }),
      answered("c1", 1, "1234", "123456789", { tone: 0.75 }),
    ];
    const names = ["brevity", "latency", "cost", "tone", "tone", "unknown"];
    expect(objectiveVectors(pool, scoreOf, names)).toEqual([
      [0.5, -1, -2, -9, 0.25, Number.NEGATIVE_INFINITY],
      [1, -3, -1, -7, 0.75, Number.NEGATIVE_INFINITY],
    ]);
  });

  it("stand beside each member of the front that is told, by name, where they were measured", () => {
    const pool = [
      answered("c0", 0.5, "12345678", "1234", { tone: 0.1 + 0.2 }),
      answered("c1", 1, "1234", "123456789"),
    ];
    const told = publicFront(pool, ["a"], ["brevity", "tone", "unknown"]);
    expect(told.map((m) => [m.candidateId, m.objectives])).toEqual([
      ["c1", { brevity: -3 }],
      ["c0", { brevity: -1, tone: 0.3 }],
    ]);
    for (const entry of publicFront(pool, ["a"], [])) expect(entry).not.toHaveProperty("objectives");
  });

  it("are means over the examples, each counted once", () => {
    const first = answered("c0", 0.5, "1234", "p", { tone: 1 });
    const evaluation = {
      exampleId: "b",
      score: 1,
      feedback: "",
      output: "12345678",
      objectives: { tone: 0 },
    };
    const twice = [
      { ...evaluation, reused: false },
      { ...evaluation, reused: true },
    ];
    const later = withEvaluations(withEvaluations(first, twice.slice(0, 1)), twice.slice(1));
    expect(objectiveVectors([later], scoreOf, ["latency", "tone"])).toEqual([[0.5, -1.5, 0.5]]);
  });

  it("call a text new by its distance to the others", () => {
    const pool = [
      answered("c0", 1, "", "be brief and kind"),
      answered("c1", 1, "", "be brief and kind now"),
      answered("c2", 1, "", "think about the question first"),
    ];
    const [a, , c] = objectiveVectors(pool, scoreOf, ["diversity"]).map((v) => v[1] ?? 0);
    expect(c).toBeGreaterThan(a ?? 0);
  });

  it("decide who stands on the front: a shorter prompt that scores less stays, a longer one goes", () => {
    const best = answered("c0", 0.9, "x", "twenty characters ok");
    const short = answered("c1", 0.7, "x", "short");
    const beaten = answered("c2", 0.7, "x", "twenty characters ok");
    const unscored = member("c3", {}, { components: { prompt: "" } });
    const front = (names: string[]) => objectiveFront([best, short, beaten, unscored], scoreOf, names);
    expect(front(["brevity"]).map((m) => m.id)).toEqual(["c0", "c1"]);
    expect(front([]).map((m) => m.id)).toEqual(["c0"]);
  });
});
