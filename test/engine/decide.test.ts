import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { promptText, type Constraints, type SearchConfig } from "../../src/domain/spec.ts";
import { decideIntent } from "../../src/engine/decide.ts";
import { openRun } from "../../src/engine/run.ts";
import type { Intent } from "../../src/engine/intent.ts";
import { OPERATOR_NAMES } from "../../src/engine/operators/registry.ts";
import type { Member, State } from "../../src/engine/state.ts";
import { ALL_TACTICS } from "../../src/engine/tactics.ts";
import { member } from "../support/members.ts";
import { createWorld } from "../support/scripted-world.ts";

const train = ["t0", "t1", "t2", "t3"];
const validation = Array.from({ length: 8 }, (_, i) => `v${i}`);
const examples = [
  ...train.map((id) => ({ id, input: id, split: "train" as const })),
  ...validation.map((id) => ({ id, input: id, split: "validation" as const })),
];

/** So many of the validation examples right, and all or all but one of those to learn from. */
function scored(right: number, isMastered: boolean): Record<string, number> {
  return Object.fromEntries([
    ...validation.map((id, i) => [id, i < right ? 1 : 0]),
    ...train.map((id, i) => [id, i === 1 && !isMastered ? 0 : 1]),
  ]);
}

/** The shares of the first parents of 200 proposals, each the only one under way. */
function parentsDrawn(
  selection: SearchConfig["selection"],
  pool: readonly Member[],
  bestId: string,
): Map<string, number> {
  const { input, ports } = createWorld({
    spec: { examples },
    config: { selection, merge: false },
    budget: { maxIterations: 1000 },
  });
  const { signal } = new AbortController();
  const { course, state } = openRun(input, ports, { search: signal, run: signal }, ALL_TACTICS);
  const shares = new Map<string, number>();
  for (let commits = 0; commits < 200; commits++) {
    const decision = decideIntent(course, { ...state, pool, bestId, commits });
    const [parent = ""] = "intent" in decision ? decision.intent.parentIds : [];
    shares.set(parent, (shares.get(parent) ?? 0) + 1 / 200);
  }
  return shares;
}

describe("a merge", () => {
  const seed = { plan: "Think.", answer: "Answer." };
  const write = (id: string, components: Partial<typeof seed>, right: number, parentIds: string[]) =>
    member(
      id,
      { ...scored(0, false), [`v${right}`]: 1, [`v${right + 1}`]: 1 },
      { parentIds, components: { ...seed, ...components } },
    );
  const c0 = member("c0", scored(0, false), { operator: "seed", components: seed });
  const c1 = write("c1", { plan: "Think twice." }, 0, ["c0"]);
  const c2 = write("c2", { answer: "Answer in brief." }, 2, ["c0"]);
  const c3 = write("c3", { answer: "Answer in French." }, 4, ["c0"]);
  const merged = { plan: "Think twice.", answer: "Answer in brief." };

  /** What the search does whose operators are all switched off but the merge. */
  function decided(change: Partial<State>, constraints: Partial<Constraints> = {}): Intent | undefined {
    const only = Object.fromEntries(OPERATOR_NAMES.map((name) => [name, name === "merge" ? 1 : 0]));
    const none = { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: false };
    const { input, ports } = createWorld({
      spec: { examples, components: seed, constraints: { ...none, ...constraints } },
      config: { operators: only, selection: "current_best" },
      budget: { maxIterations: 1000 },
    });
    const { signal } = new AbortController();
    const { course, state } = openRun(input, ports, { search: signal, run: signal }, ALL_TACTICS);
    const decision = decideIntent(course, { ...state, bestId: "c1", commits: 9, ...change });
    return "intent" in decision ? decision.intent : undefined;
  }
  const underWay = (intent: Intent | undefined): Intent[] => (intent ? [intent] : []);

  it("joins the parent and the candidate that complements it", () => {
    const pool = [c0, c1, c2];
    expect(decided({ pool })).toMatchObject({ operator: "merge", parentIds: ["c1", "c2"], ancestorId: "c0" });
  });

  it("shows nobody lessons, and so none of them is charged with its outcome", () => {
    const lesson = { id: "l1", text: "Be brief.", iteration: 1, candidateId: "c1", evidenceExampleIds: [] };
    const lessons: State["lessons"] = [{ ...lesson, status: "active", shown: 0, helped: 0 }];
    expect(decided({ pool: [c0, c1, c2], lessons })).toMatchObject({ operator: "merge", lessonIds: [] });
    expect(decided({ pool: [c0, c1], lessons })).toMatchObject({ operator: "reflect", lessonIds: ["l1"] });
  });

  it("is not made again where its text was tried, or is being written", () => {
    const same = member("c4", scored(0, false), { parentIds: ["c1", "c2"], components: merged });
    const pool = [c0, c1, c2];
    const first = decided({ pool });
    expect(decided({ pool: [...pool, same] })?.operator).toBe("reflect");
    expect(decided({ pool, inFlight: underWay(first) })?.operator).toBe("reflect");
  });

  it("is made with the next candidate then, if there is one", () => {
    const pool = [c0, c1, c2, c3];
    const first = decided({ pool });
    expect(first?.parentIds).toEqual(["c1", "c2"]);
    const second = decided({ pool, inFlight: underWay(first) });
    expect(second).toMatchObject({ operator: "merge", parentIds: ["c1", "c3"] });
  });

  it("is not made where the constraints forbid what it would write, though they allow both", () => {
    const pool = [c0, c1, c2];
    const characters = promptText(merged).length;
    expect(decided({ pool }, { maxCharacters: characters })?.operator).toBe("merge");
    expect(decided({ pool }, { maxCharacters: characters - 1 })?.operator).toBe("reflect");
  });

  it("is not made of two that changed the same component", () => {
    expect(decided({ pool: [c0, c2, c3], bestId: "c2" })?.operator).toBe("reflect");
  });
});

describe("the parent where the best candidate has nothing left to learn", () => {
  const pool = [
    member("c0", { ...scored(0, false), t0: 0, t2: 0, t3: 0 }, { operator: "seed" }),
    member("c1", scored(6, false), { parentIds: ["c0"] }),
    member("c2", scored(7, true), { parentIds: ["c1"] }),
  ];

  const leastShares = { pareto: 0.95, current_best: 0.999, epsilon_greedy: 0.9 } as const;
  for (const [selection, least] of Object.entries(leastShares)) {
    it(`is the best that has, not the seed: ${selection}`, () => {
      const shares = parentsDrawn(selection as keyof typeof leastShares, pool, "c2");
      expect(shares.get("c1")).toBeGreaterThan(least);
      expect(shares.has("c2")).toBe(false);
    });
  }

  it("has the best mean of all that have, of equal ones the oldest", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ right: fc.nat(8), isMastered: fc.boolean() }), { minLength: 1, maxLength: 6 }),
        (others) => {
          const some = others.map(({ right, isMastered }, i) => member(`c${i}`, scored(right, isMastered)));
          const best = member(`c${some.length}`, scored(8, true));
          const open = others.flatMap((o, i) => (o.isMastered ? [] : [{ ...o, id: `c${i}` }]));
          const expected = open.toSorted((a, b) => b.right - a.right)[0]?.id ?? best.id;
          expect([...parentsDrawn("current_best", [...some, best], best.id).keys()]).toEqual([expected]);
        },
      ),
      { numRuns: 30 },
    );
  });
});
