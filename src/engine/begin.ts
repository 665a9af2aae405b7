import { announce } from "./announce.ts";
import { freeInLastRound, testSeedAside } from "./aside.ts";
import { digest } from "../base/digest.ts";
import { count } from "../domain/count.ts";
import { componentNames } from "../domain/spec.ts";
import { throwIfUnscored } from "./breaker.ts";
import { timesThatFit } from "./budget.ts";
import { bookRollouts } from "./commit.ts";
import { measureNoise } from "./noise-floor.ts";
import type { EngineStep } from "./ports.ts";
import { chooseGrades } from "./regrade.ts";
import { generated, judged, record, type Run } from "./run.ts";
import { meanOver } from "./standing.ts";
import { memberOf, SEED_ID, exactDigest } from "./state.ts";
import { decideStop } from "./stop.ts";

/** Announces the run and its seed. */
export function* introduce(run: Run): Generator<EngineStep, void, void> {
  const { input, course } = run;
  const { spec, splits } = course;
  yield record(run, {
    type: "started",
    data: {
      configDigest: digest(spec),
      judgeFingerprint: input.judgeFingerprint,
      models: input.models,
      splits,
      plan: run.plan,
      profile: spec.config.profile,
      seed: spec.seed,
      simulated: run.simulated,
      warnings: run.warnings,
    },
  });
  yield generated(run, {
    iteration: 0,
    candidateId: SEED_ID,
    parentIds: [],
    operator: "seed",
    components: spec.components,
    changedComponents: componentNames(spec.components),
    rationale: "The prompt as it was sent.",
    lessonIds: [],
    rejectedTexts: [],
  });
}

/**
 * Announces the run, scores the seed on the validation examples, as many of them as the budget has room for, measures
 * how far the judge agrees with itself, and decides how often each output is graded.
 */
export async function* begin(run: Run): AsyncGenerator<EngineStep, void, void> {
  const { course } = run;
  const { spec, splits } = course;
  yield* introduce(run);
  const affordable = timesThatFit(
    spec.budget,
    course.reserve,
    course.prices.worstRun,
    splits.validation.length,
  );
  const affordableIds = new Set(course.order.slice(0, affordable)); // shuffled: a part of it is a fair sample
  const ids = splits.validation.filter((id) => affordableIds.has(id));
  const validating = run.bench.evaluate(spec.components, ids);
  // A job of one proposal at a time would hardly end sooner, and has paid for less where it is cancelled.
  if (spec.config.width > 1) testSeedAside(run, freeInLastRound(ids.length, run.ports.concurrency));
  const rollouts = await validating;
  const booked = bookRollouts(run.state, SEED_ID, exactDigest(spec.components), rollouts, new Set());
  run.state = booked.state;
  yield* judged(run, 0, SEED_ID, "validation", booked.evaluations);
  throwIfUnscored(booked.evaluations);

  const again = yield* measureNoise(run, booked.evaluations);
  const grading = yield* chooseGrades(run, booked.evaluations, again);
  const seed = memberOf(run.state, SEED_ID);
  const score = meanOver(seed, splits.validation);
  const scored = splits.validation.filter((id) => seed.scores[id] !== undefined).length;
  const stopping = decideStop(spec, splits.validation, run.state);
  if (stopping) run.state = { ...run.state, stopping };
  yield* announce(run, {
    iteration: 0,
    candidateId: SEED_ID,
    accepted: true,
    reason:
      score === undefined
        ? "The budget has no room to score the seed."
        : `The seed scored ${score.toFixed(3)} on ${count(scored, "validation example")}.${grading ? ` ${grading}` : ""}`,
    lessons: [],
  });
}
