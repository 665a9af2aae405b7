import { describe, expect, it } from "vitest";
import type { Components } from "../../../src/domain/spec.ts";
import {
  REFERENCE_DEFAULTS,
  type MutationTask,
  type ReferenceOptions,
  type ReferencePorts,
  type ReferenceStep,
} from "../../../src/engine/reference/ports.ts";
import { searchLikeReference, type ReferenceResult } from "../../../src/engine/reference/search.ts";
import { firstRng } from "../../support/first-rng.ts";

/** A text is its own score on every example; a proposal is worth what the script says, in the order asked. */
interface Play {
  readonly options?: Partial<ReferenceOptions>;
  readonly proposals?: readonly (string | undefined)[];
  readonly ports?: Partial<ReferencePorts<string>>;
}

async function play({ options, proposals = [], ports }: Play) {
  const asked: MutationTask<string>[] = [];
  const run = searchLikeReference<string>(
    {
      ...REFERENCE_DEFAULTS,
      seed: { a: "0.1" },
      train: ["1", "2", "3"],
      stop: { maxProposals: 1 },
      ...options,
    },
    {
      rng: firstRng(),
      isStopped: async () => false,
      async evaluate(candidate, ids) {
        const texts = Object.values(candidate).map(Number);
        const score = texts.reduce((a, b) => a + b, 0) / texts.length;
        return { scores: ids.map(() => score), records: [...ids] };
      },
      async propose(task) {
        const text = proposals[asked.push(task) - 1];
        return text === undefined ? undefined : Object.fromEntries(task.components.map((c) => [c, text]));
      },
      ...ports,
    },
  );
  const steps: ReferenceStep<string>[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { steps, asked, result: next.value };
    steps.push(next.value);
  }
}

const textsOf = (result: ReferenceResult): Components[] => result.pool.map((entry) => entry.components);
const kindsOf = (steps: readonly ReferenceStep<string>[]) => steps.map((s) => s.kind);

describe("several proposals an iteration", () => {
  const options = { sampling: { parents: 1, mutations: 4 } };
  const proposals = ["0.2", "0.4", "0.3", "0.05"];
  const cases: readonly [ReferenceOptions["proposalSelection"], readonly string[]][] = [
    [{ kind: "all" }, ["0.2", "0.4", "0.3"]],
    [{ kind: "best" }, ["0.4"]],
    [{ kind: "top_k", k: 2 }, ["0.4", "0.3"]],
  ];
  for (const [proposalSelection, joined] of cases) {
    it(`validates ${JSON.stringify(proposalSelection)} of the improvements, in that order`, async () => {
      const { result, steps } = await play({ options: { ...options, proposalSelection }, proposals });
      expect(textsOf(result).map((c) => c.a)).toEqual(["0.1", ...joined]);
      expect(steps.filter((s) => s.kind === "candidate_rejected")).toHaveLength(4 - joined.length);
    });
  }

  it("draws a parent for each of p and mutates it n times, each on a minibatch of its own", async () => {
    const { steps } = await play({
      options: {
        sampling: { parents: 2, mutations: 2 },
        train: ["1", "2", "3", "4"],
        minibatchSize: 1,
        selector: "epsilon_greedy",
        epsilon: 1,
      },
    });
    expect(steps.flatMap((s) => (s.kind === "minibatch_sampled" ? [s.exampleIds] : []))).toEqual(
      ["1", "2", "3", "4"].map((id) => [id]),
    );
    expect(steps.filter((s) => s.kind === "candidate_selected")).toHaveLength(4);
  });

  it("lets one of equal texts join, and says of the other that it is a duplicate", async () => {
    const { result, steps } = await play({
      options: { sampling: { parents: 1, mutations: 2 } },
      proposals: ["0.2", "0.2"],
    });
    expect(textsOf(result)).toEqual([{ a: "0.1" }, { a: "0.2" }]);
    expect(steps).toContainEqual(
      expect.objectContaining({
        kind: "candidate_rejected",
        proposal: 1,
        reason: expect.stringMatching("Duplicate"),
      }),
    );
  });

  it("runs a parent once on a minibatch that several mutations share", async () => {
    const { steps } = await play({ options: { sampling: { parents: 1, mutations: 2 } } });
    expect(steps).toContainEqual({ kind: "budget_updated", iteration: 1, used: 3 + 3 });
  });
});

describe("acceptance", () => {
  it("of an equal child is a knob", async () => {
    const pool = async (acceptance: ReferenceOptions["acceptance"]) =>
      (await play({ options: { acceptance }, proposals: ["0.1"] })).result.pool.length;
    expect([await pool("strict_improvement"), await pool("improvement_or_equal")]).toEqual([1, 2]);
  });
});

describe("components", () => {
  const seed = { a: "0.1", b: "0.1", c: "0.1" };
  const stop = { maxProposals: 3 };

  it("are changed in turn, whether or not a text comes back, and a child goes on from its parent", async () => {
    const { asked, result } = await play({ options: { seed, stop }, proposals: [undefined, "0.2", "0.3"] });
    expect(asked.map((t) => t.components)).toEqual([["a"], ["b"], ["c"]]);
    expect(textsOf(result).at(-1)).toEqual({ a: "0.1", b: "0.2", c: "0.3" });
  });

  it("are all changed at once where that is asked for", async () => {
    const { asked } = await play({ options: { seed, componentSelector: "all" }, proposals: ["0.2"] });
    expect(asked.map((t) => t.components)).toEqual([["a", "b", "c"]]);
  });
});

describe("the evaluation cache", () => {
  const used = async (cacheEvaluation: boolean, validation?: readonly string[]) =>
    (
      await play({
        options: { cacheEvaluation, ...(validation ? { validation } : {}) },
        proposals: ["0.2"],
      })
    ).result.metricCalls;

  it("saves a child's validation on the examples of its minibatch, but never a parent's minibatch", async () => {
    // Seed on validation, parent and child on the minibatch, child on validation: three examples each.
    expect(await used(false)).toBe(12);
    expect(await used(true)).toBe(9);
  });

  it("does not carry over from training to a validation split of its own", async () => {
    expect(await used(true, ["1", "2", "3"])).toBe(12);
  });
});

describe("a parent with perfect scores", () => {
  it("is skipped after its minibatch was paid", async () => {
    const { steps, asked, result } = await play({ options: { seed: { a: "1" } } });
    expect(asked).toEqual([]);
    expect(result.metricCalls).toBe(6);
    expect(kindsOf(steps)).toContain("evaluation_skipped");
  });

  it("is changed where that is asked for, or where perfect means more", async () => {
    const proposed = async (options: Partial<ReferenceOptions>) =>
      (await play({ options: { seed: { a: "0.8" }, ...options } })).asked.length;
    expect(await proposed({ perfectScore: 0.8 })).toBe(0);
    expect(await proposed({ perfectScore: 0.8, skipPerfectScore: false })).toBe(1);
    expect(await proposed({})).toBe(1);
  });
});

describe("a reflection that fails", () => {
  it("is tried once more, and then given up without a word", async () => {
    let calls = 0;
    const propose = async () => {
      calls++;
      throw new Error("no answer");
    };
    const { steps, result } = await play({ options: { stop: { maxProposals: 2 } }, ports: { propose } });
    expect(calls).toBe(4);
    expect(steps.filter((s) => s.kind === "proposal_dropped")).toHaveLength(2);
    expect(result.metricCalls).toBe(3 + 2 * 3);
  });
});

describe("a run ends", () => {
  const better = Array.from({ length: 8 }, (_, i) => String((i + 2) / 10));
  const ends: readonly [ReferenceResult["stoppedBy"], Play, { iterations: number; metricCalls: number }][] = [
    // Seed 3, then 9 an accepted proposal and 6 a rejected one; nothing is cut short.
    [
      "maxMetricCalls",
      { options: { stop: { maxMetricCalls: 13 } }, proposals: better },
      { iterations: 2, metricCalls: 21 },
    ],
    [
      "maxProposals",
      { options: { stop: { maxProposals: 2 } }, proposals: better },
      { iterations: 2, metricCalls: 21 },
    ],
    [
      "scoreThreshold",
      { options: { stop: { scoreThreshold: 0.4 } }, proposals: better },
      { iterations: 3, metricCalls: 30 },
    ],
    [
      "noImprovement",
      { options: { stop: { noImprovement: 2 } }, proposals: ["0.2", "0.1", "0.1", "0.9"] },
      { iterations: 3, metricCalls: 24 },
    ],
    [
      "maxTrackedCandidates",
      { options: { stop: { maxTrackedCandidates: 3 } }, proposals: better },
      { iterations: 2, metricCalls: 21 },
    ],
    [
      "outside",
      { options: { stop: {} }, ports: { isStopped: async () => true } },
      { iterations: 0, metricCalls: 3 },
    ],
  ];
  for (const [stoppedBy, script, { iterations, metricCalls }] of ends) {
    it(`by ${stoppedBy} between two iterations`, async () => {
      const { steps, result } = await play(script);
      expect(result).toMatchObject({ stoppedBy, metricCalls });
      expect(steps.filter((s) => s.kind === "iteration_end")).toHaveLength(iterations);
    });
  }

  it("by the cost of reflection, of which nobody who does not count it knows", async () => {
    const options = { stop: { maxReflectionCostUsd: 0.5, maxProposals: 4 } };
    let usd = 0;
    const counted = await play({
      options,
      proposals: better,
      ports: { reflectionCostUsd: () => (usd += 0.2) },
    });
    expect(counted.result).toMatchObject({ stoppedBy: "maxReflectionCostUsd", metricCalls: 21 });
    expect((await play({ options, proposals: better })).result.stoppedBy).toBe("maxProposals");
  });
});
