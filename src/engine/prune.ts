import { bare } from "../base/bare.ts";
import { componentNames, promptText, type Components } from "../domain/spec.ts";
import { announce } from "./announce.ts";
import { addCosts, limitBrokenBy, times } from "./budget.ts";
import { bookRollouts, holderOf } from "./commit.ts";
import type { EngineStep } from "./ports.ts";
import { isNotWorse } from "./report/interval.ts";
import { MAX_PRUNE_TRIES, mayPrune, PRUNE, pruneAllowance } from "./reserve.ts";
import { generated, judged, type Run } from "./run.ts";
import { segmentsOf, withoutSegment } from "./segments.ts";
import {
  candidateId,
  exactDigest,
  memberOf,
  SEED_ID,
  textDigest,
  withEvaluations,
  type Member,
} from "./state.ts";

/** Mean score a shorter text may lose: less than people notice, and far less than a rule that matters is worth. */
export const PRUNE_MARGIN = 0.01;
/** A try is validated in so many blocks, and given up after the first that speaks against it. */
const BLOCKS = 3;

/**
 * Tries to say the same with less: leaves out one part of the champion after the other, and keeps the shorter text
 * where it is not worse on validation by more than {@link PRUNE_MARGIN}. The test split is never looked at.
 */
export async function* prune(run: Run): AsyncGenerator<EngineStep, void, void> {
  const { spec, splits } = run.course;
  const { validation } = splits;
  if (!mayPrune(spec, splits) || run.state.bestId === SEED_ID) return;
  const atStart = run.state.used.metricCalls;
  const allowance = pruneAllowance(atStart, validation.length);
  const known = new Set<string>();
  for (let tries = 1; tries <= MAX_PRUNE_TRIES; tries++) {
    const champion = memberOf(run.state, run.state.bestId);
    const shorter = longestFirst(champion.components).find((components) => {
      const text = textDigest(components);
      return !known.has(text) && !holderOf(run.state, text) && !run.course.constraints(components);
    });
    const spent = run.state.used.metricCalls - atStart;
    if (!shorter || spent + validation.length > allowance || !hasRoom(run)) return;
    known.add(textDigest(shorter));
    yield* tryShorter(run, champion, shorter, candidateId(run.state.commits + tries));
  }
}

/** Whether one full validation fits beside the final test. */
function hasRoom({ course, state }: Run): boolean {
  const taken = addCosts(state.used, course.testing, ...(state.dropped ? [state.dropped.worst] : []));
  return !limitBrokenBy(
    course.spec.budget,
    taken,
    times(course.splits.validation.length, course.prices.worstRun),
  );
}

/** The prompt without each of its parts, the longest part first, of equally long ones the last. */
function longestFirst(components: Components): Components[] {
  return componentNames(components)
    .flatMap((name) => {
      const text = components[name] ?? "";
      return segmentsOf(text).map((segment) => ({ ...components, [name]: withoutSegment(text, segment) }));
    })
    .reverse()
    .sort((a, b) => promptText(a).length - promptText(b).length);
}

async function* tryShorter(
  run: Run,
  champion: Member,
  components: Components,
  id: string,
): AsyncGenerator<EngineStep, void, void> {
  const { validation } = run.course.splits;
  const iteration = run.state.commits;
  const saved = promptText(champion.components).length - promptText(components).length;
  const [text, exact] = [textDigest(components), exactDigest(components)];
  const parentIds = [champion.id];
  yield generated(run, {
    iteration,
    candidateId: id,
    parentIds,
    operator: PRUNE,
    components,
    changedComponents: componentNames(components).filter((n) => components[n] !== champion.components[n]),
    rationale: `${champion.id} without one part, ${saved} characters shorter.`,
    lessonIds: [],
    rejectedTexts: [],
  });

  let child: Member = {
    id,
    components,
    text,
    exact,
    parentIds,
    operator: PRUNE,
    iteration,
    scores: bare(),
    failed: [],
  };
  const size = Math.ceil(validation.length / BLOCKS);
  for (let from = 0; from < validation.length; from += size) {
    const rollouts = await run.evaluate(components, validation.slice(from, from + size));
    const booked = bookRollouts(run.state, id, exact, rollouts, new Set());
    run.state = booked.state;
    yield* judged(run, iteration, id, "validation", booked.evaluations);
    child = withEvaluations(child, booked.evaluations);
    if (mean(losses(champion, child, validation)) > PRUNE_MARGIN) break;
  }

  const lost = losses(champion, child, validation);
  const complete = validation.every((v) => child.scores[v] !== undefined || champion.scores[v] === undefined);
  const kept =
    complete &&
    isNotWorse(
      lost.map((loss) => -loss),
      PRUNE_MARGIN,
    );
  const { pool, rejected } = run.state;
  run.state = kept
    ? { ...run.state, pool: [...pool, child], bestId: id }
    : {
        ...run.state,
        rejected: [
          ...rejected,
          { id, parentIds, operator: PRUNE, iteration, text, exact, tried: triedBy(child) },
        ],
      };
  const change = `${(-mean(lost)).toFixed(3)} on ${lost.length} validation examples`;
  yield* announce(run, {
    iteration,
    candidateId: id,
    accepted: kept,
    reason: kept
      ? `${id} is ${saved} characters shorter than ${champion.id} and not worse (${change}): it takes its place.`
      : `${id} is ${saved} characters shorter than ${champion.id}, but not surely as good (${change}): it was dropped.`,
    lessons: [],
  });
}

/** What the shorter text lost on each example that both have a score on. */
function losses(champion: Member, child: Member, validation: readonly string[]): number[] {
  return validation.flatMap((id) => {
    const [before, after] = [champion.scores[id], child.scores[id]];
    return before === undefined || after === undefined ? [] : [before - after];
  });
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

function triedBy(child: Member): string[] {
  return [...Object.keys(child.scores), ...child.failed];
}
