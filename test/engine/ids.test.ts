import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { REFERENCE_CONFIG_DEFAULTS } from "../../src/domain/reference-config.ts";
import { initialState, loadState, saveState } from "../../src/engine/state.ts";
import { createWorld, play, type Recording, type WorldOptions } from "../support/scripted-world.ts";

/** Names that every plain object answers to, whatever was stored in it. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** Names that a checkpoint uses itself. */
const OWN = ["scores", "criteria", "pool"];

/** Small jobs, some of whose examples have such names, all in the order of their ids: epochs are shuffles of that. */
const jobs = fc
  .record({
    size: fc.integer({ min: 2, max: 24 }),
    names: fc.shuffledSubarray([...INHERITED, ...OWN], { minLength: 1 }),
    facts: fc.integer({ min: 1, max: 6 }),
    width: fc.constantFrom(1, 4),
    profile: fc.constantFrom<("default" | "reference")[]>("default", "reference"),
    seed: fc.nat(1000),
  })
  .map(({ size, names, ...job }) => {
    const ids = Array.from({ length: size }, (_, i) => names[i] ?? `e${i}`).sort();
    return { ...job, ids, plain: ids.map((_, i) => `plain ${`${i}`.padStart(2, "0")}`) };
  });

/** The job with its examples under these ids. */
function under(
  ids: readonly string[],
  job: { facts: number; width: number; profile: "default" | "reference"; seed: number },
): WorldOptions {
  return {
    spec: { seed: job.seed, examples: ids.map((id, i) => ({ id, input: `question ${i}` })) },
    facts: job.facts,
    factsPerEdit: 1,
    config: { width: job.width, profile: job.profile },
    budget: { maxIterations: 6 },
  };
}

/** Digests of what the caller sent, ids and all. */
const OF_THE_SPEC = ["configDigest", "digests"];

/** The events and the end, with the ids of the examples as numbers. */
function anonymous({ events, outcome }: Recording, ids: readonly string[]): unknown {
  const numbers = new Map(ids.map((id, i) => [id, `number ${i}`]));
  const text = JSON.stringify({ events, outcome }, (key, value: unknown) => {
    if (OF_THE_SPEC.includes(key)) return undefined;
    return typeof value === "string" ? (numbers.get(value) ?? value) : value;
  });
  return JSON.parse(text);
}

describe("the ids of examples", () => {
  it("decide nothing, not even those that every object has a property of", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, async ({ ids, plain, ...job }) => {
        const [named, usual] = [createWorld(under(ids, job)), createWorld(under(plain, job))];
        expect(anonymous(await play(named), ids)).toEqual(anonymous(await play(usual), plain));
        expect(named.rollouts).toEqual(usual.rollouts);
      }),
      { numRuns: 30 },
    );
  });

  it("survive a checkpoint, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(jobs, async ({ ids, plain: _plain, ...job }) => {
        const whole = await play(createWorld(under(ids, job)));
        for (const [i, step] of whole.steps.entries()) {
          if (step.kind !== "checkpoint") continue;
          const rest = await play(createWorld(under(ids, job)), step.state);
          expect(rest.steps).toEqual(whole.steps.slice(i + 1));
          expect(rest.outcome).toEqual(whole.outcome);
        }
      }),
      { numRuns: 10 },
    );
  });
});

it("the names of components survive a checkpoint too", () => {
  const state = initialState(1, { scores: "Be brief.", criteria: "Be kind.", constructor: "Be right." });
  expect(loadState(saveState(state))).toEqual(state);
});

describe("the names of objectives", () => {
  it("decide nothing either, where an answer has them and where it has not", async () => {
    const profiles = fc.constantFrom<("default" | "reference")[]>("default", "reference");
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...INHERITED), profiles, fc.nat(1000), async (name, profile, seed) => {
        const playNamed = async (objective: string) => {
          const world = createWorld({
            examples: 16,
            facts: 4,
            factsPerEdit: 1,
            spec: { seed, objectives: [objective] },
            config: { profile, reference: { ...REFERENCE_CONFIG_DEFAULTS, frontierType: "hybrid" } },
            budget: { maxIterations: 6 },
          });
          const grade: typeof world.ports.grader.grade = async (input, signal) => {
            const graded = await world.ports.grader.grade(input, signal);
            const objectives = Object.fromEntries(graded.score > 0 ? [[objective, 0.5]] : []);
            return { ...graded, objectives };
          };
          const grader = { ...world.ports.grader, callsPerGrade: 1, grade };
          const recording = await play({ ...world, ports: { ...world.ports, grader } });
          return anonymous(recording, []);
        };
        const renamed = JSON.stringify(await playNamed("tone")).replaceAll('"tone"', JSON.stringify(name));
        expect(JSON.stringify(await playNamed(name))).toEqual(renamed);
      }),
      { numRuns: 20 },
    );
  });
});
