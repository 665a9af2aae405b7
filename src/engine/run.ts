import { digest, sha256 } from "../base/digest.ts";
import { budgetFraction, type Plan, type Splits } from "../domain/budget.ts";
import type { EngineEvent, EventDataByType, JudgeStage } from "../domain/event.ts";
import { meanScore, type Evaluation } from "../domain/evaluation.ts";
import { roundScore } from "../domain/round.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import { budgetLines } from "./budget.ts";
import { constraintCheck } from "./constraints.ts";
import { createEvaluator, type Evaluate, type Evaluator } from "./evaluate.ts";
import type { Course } from "./course.ts";
import { createLimiter } from "./limit.ts";
import { planRun } from "./plan.ts";
import { reservesOf } from "./reserve.ts";
import type { EngineInput, EnginePorts, EngineStep } from "./ports.ts";
import { maxPromptBytes, worstCases, type Rates } from "./prices.ts";
import type { Bench } from "./proposal.ts";
import { splitExamples } from "./split.ts";
import { meanOver } from "./standing.ts";
import { gradesOf, initialState, loadState, memberOf, saveState, type State } from "./state.ts";
import { drawRoot, streamFor } from "./streams.ts";
import type { Tactics } from "./tactics.ts";

/** What a run works with. It follows from how often an output is graded, and is made anew once that is decided. */
interface Equipment {
  course: Course;
  /** What the search works with; its calls end with the search. */
  bench: Bench;
  /** Runs candidates once the search is over. Calls the search left behind can not trip its breaker. */
  evaluate: Evaluate;
}

/** A run under way: what stays the same, and the one state that moves on. */
export interface Run extends Equipment {
  readonly input: EngineInput;
  readonly ports: EnginePorts;
  /** The equipment for so many grades of each output. What was run and graded before is remembered in it. */
  readonly equip: (grades: number) => Equipment;
  readonly gradeAgain: Evaluator["gradeAgain"];
  /** Of `evaluate`. What was run aside during the search may have tripped it. */
  readonly lastBreaker: Breaker;
  readonly plan: Plan;
  readonly warnings: readonly string[];
  readonly simulated: boolean;
  state: State;
}

/** What ends the calls of a run: those of its search, and all of them. */
export interface RunSignals {
  readonly search: AbortSignal;
  readonly run: AbortSignal;
}

/** Opens a run at its start or at its checkpoint. */
export function openRun(input: EngineInput, ports: EnginePorts, signals: RunSignals, tactics: Tactics): Run {
  const { spec } = input;
  const splits: Splits = splitExamples(spec.examples, spec.seed);
  const rates = ratesOf(ports);
  const { plan, warnings } = planRun(spec, splits, rates);
  const order = [...splits.validation];
  streamFor(spec.seed, "validation order", 0).shuffle(order);
  const limiter = createLimiter(ports.concurrency);
  const parts = { limiter, breaker: createBreaker(), signal: signals.search };
  const rollouts = { spec, target: ports.target, grader: ports.grader };
  const lastBreaker = createBreaker();
  const searching = createEvaluator({ ...parts, ...rollouts });
  const concluding = createEvaluator({
    limiter,
    breaker: lastBreaker,
    signal: signals.run,
    ...rollouts,
  });
  const tools = {
    ...parts,
    reflection: ports.reflection,
    examples: new Map(spec.examples.map((e) => [e.id, e])),
  };
  const constraints = constraintCheck(spec.components, spec.constraints, spec.examples, maxPromptBytes(spec));
  const equip = (grades: number): Equipment => {
    const prices = worstCases(spec, rates, grades);
    const course: Course = {
      spec,
      splits,
      order,
      prices,
      constraints,
      tactics,
      ...reservesOf(spec, splits, prices),
    };
    const bench: Bench = { ...tools, course, evaluate: searching.grading(grades) };
    return { course, bench, evaluate: concluding.grading(grades) };
  };
  const state =
    input.checkpoint === undefined
      ? initialState(drawRoot(ports.rng), spec.components)
      : loadState(input.checkpoint);
  return {
    input,
    ports,
    ...equip(gradesOf(state)),
    equip,
    gradeAgain: searching.gradeAgain,
    lastBreaker,
    plan,
    warnings,
    simulated: input.models.some((m) => m.simulated),
    state,
  };
}

/** From here on the run grades each output so many times. */
export function gradeEach(run: Run, grades: number): void {
  Object.assign(run, run.equip(grades));
  run.state = { ...run.state, grades };
}

/** What the calls of these models cost; a role without a known price is left out. */
export function ratesOf({
  target,
  reflection,
  grader,
}: Pick<EnginePorts, "target" | "reflection" | "grader">): Rates {
  return {
    ...(target.price ? { target: target.price } : {}),
    ...(reflection.price ? { reflection: reflection.price } : {}),
    ...(grader.price ? { judge: grader.price } : {}),
    callsPerGrade: grader.callsPerGrade,
    ...(grader.maxCallsPerGrade === undefined ? {} : { maxCallsPerGrade: grader.maxCallsPerGrade }),
  };
}

/** An event as a step; counts it and chains what it decides into the run's digest. */
export function record(run: Run, event: EngineEvent): EngineStep {
  const decided =
    event.type === "progress"
      ? { type: event.type, data: { ...event.data, spend: undefined, timing: undefined } }
      : event.type === "final"
        ? { type: event.type }
        : event;
  run.state = {
    ...run.state,
    ordinal: run.state.ordinal + 1,
    decisions: sha256(run.state.decisions + digest(decided)),
  };
  return { kind: "event", event };
}

/** The state as a step: a run taken up from it yields the same steps that follow. */
export function checkpoint(run: Run): EngineStep {
  return { kind: "checkpoint", state: saveState(run.state), ordinal: run.state.ordinal };
}

/** A `generate` event. */
export function generated(run: Run, data: EventDataByType["generate"]): EngineStep {
  return record(run, { type: "generate", data });
}

/** Evaluations in one `judge` event: a validation of thousands of examples is told in parts. */
const MAX_EVALUATIONS_PER_EVENT = 100;

/** Characters of texts in one `judge` event, unless a single evaluation has more: far below the 4 MiB that many gRPC clients take. */
const MAX_CHARACTERS_PER_EVENT = 256 * 1024;

/** What a candidate scored: one `judge` event, or several where the evaluations are many or long. */
export function* judged(
  run: Run,
  iteration: number,
  candidateId: string,
  stage: JudgeStage,
  evaluations: readonly Evaluation[],
): Generator<EngineStep, void, void> {
  for (const part of parts(evaluations)) {
    const mean = meanScore(part);
    yield record(run, {
      type: "judge",
      data: {
        iteration,
        candidateId,
        stage,
        evaluations: part,
        ...(mean === undefined ? {} : { meanScore: roundScore(mean) }),
      },
    });
  }
}

/** The evaluations in order, as many at once as fit into one event; one empty part where there are none. */
function parts(evaluations: readonly Evaluation[]): Evaluation[][] {
  const found: Evaluation[][] = [[]];
  let characters = 0;
  for (const evaluation of evaluations) {
    const more = evaluation.output.length + evaluation.feedback.length;
    const last = found.at(-1) ?? [];
    const fits = last.length < MAX_EVALUATIONS_PER_EVENT && characters + more <= MAX_CHARACTERS_PER_EVENT;
    if (last.length === 0 || fits) {
      last.push(evaluation);
      characters += more;
    } else {
      found.push([evaluation]);
      characters = more;
    }
  }
  return found;
}

/** A `progress` event: where the run stands now. */
export function progress(run: Run, stage: "generate" | "judge" | "select" | "final"): EngineStep {
  const { state, course, ports } = run;
  const best = meanOver(memberOf(state, state.bestId), course.splits.validation);
  const lines = budgetLines(course.spec.budget, state.commits, state.used);
  const fraction = budgetFraction(lines);
  // At the end nothing is left to wait for, whatever is left of the budget.
  const { spend, timing } = ports.measure(stage === "final" ? undefined : fraction);
  return record(run, {
    type: "progress",
    data: {
      stage,
      iteration: state.commits,
      ...(best === undefined ? {} : { bestScore: roundScore(best) }),
      bestCandidateId: state.bestId,
      budget: { lines, fraction },
      spend,
      timing,
    },
  });
}
