import { isAbort, throwIfAborted } from "../base/abort.ts";
import { sha256 } from "../base/digest.ts";
import type { Evaluation, Problem } from "../domain/evaluation.ts";
import { promptText, type Components, type Example, type OptimizeSpec } from "../domain/spec.ts";
import { GraderError, type GradeCost, type Grader } from "../graders/grader.ts";
import {
  bookAnswer,
  bookFailure,
  ModelError,
  type Model,
  type ModelRequest,
  type ModelResponse,
} from "../models/model.ts";
import type { Breaker } from "./breaker.ts";
import { addCosts, NO_COST, type Cost } from "./budget.ts";
import { meanOfGrades } from "./grades.ts";
import type { Limiter, Urgency } from "./limit.ts";
import { createMemo } from "./memo.ts";

/** One candidate really run on one example, and what that cost. */
export interface Rollout {
  /** `reused` is always false here; whether it was known is a matter of the state it is committed to. */
  readonly evaluation: Evaluation;
  readonly cost: Cost;
}

/** Runs candidates on examples. */
export type Evaluate = (
  components: Components,
  exampleIds: readonly string[],
  urgency?: Urgency,
) => Promise<Rollout[]>;

/** Runs and grades, and remembers both. */
export interface Evaluator {
  /** Runs candidates, and grades each output so many times; whatever was run or graded already is not asked for again. */
  grading(grades: number): Evaluate;
  /**
   * Grades what a candidate answered once more, as grade number `repeat` (1, 2, 3 …), which calls no target. Undefined
   * where it gave no answer.
   */
  gradeAgain(components: Components, exampleId: string, repeat: number): Promise<Rollout | undefined>;
}

/** What an evaluator needs. */
export interface EvaluatorParts {
  readonly spec: OptimizeSpec;
  readonly target: Model;
  readonly grader: Grader;
  readonly limiter: Limiter;
  readonly breaker: Breaker;
  readonly signal: AbortSignal;
}

/** One answer and one grade of it: the first with the cost of both, the others with that of the grade. */
interface Attempt extends Rollout {
  /** Whether the target answered, so that there is something to grade. */
  readonly answered: boolean;
  /** Characters of its own texts; all grades of an output share the one. */
  readonly characters: number;
}

/**
 * Makes the evaluator of a run. Results come in the order of the examples, whatever the order of the answers. The same
 * text is never run twice on the same example, not even by two proposals at once; a rollout whose texts are remembered
 * no more is asked for again with the same requests, which the ledger behind the models answers for nothing. A failed
 * call is a rollout without a score. Rejects with an OutageError, or with the signal's reason.
 *
 * An output is graded by whoever ran it, and further grades wait for a slot each, when that one is free again: whoever
 * waited for one while holding one could wait for ever.
 */
export function createEvaluator(parts: EvaluatorParts): Evaluator {
  const { spec, limiter } = parts;
  const examples = new Map(spec.examples.map((e) => [e.id, e]));
  const memo = createMemo<Attempt>(({ characters }) => characters);

  const attemptsAt = (components: Components, textKey: string, id: string, urgency?: Urgency) => {
    const example = examples.get(id);
    if (!example) throw new Error(`no example ${id}`);
    const key = `${textKey}/${id}`;
    return {
      first: () => memo.once(key, () => limiter(() => run(parts, promptText(components), example), urgency)),
      again: ({ evaluation: { output, error } }: Attempt, repeat: number) =>
        memo.once(`${key}/${repeat}`, () =>
          limiter(async () => {
            throwIfAborted(parts.signal);
            parts.breaker.check();
            return gradeOutput(parts, example, output, repeat, error !== undefined || repeat > 1);
          }, urgency),
        ),
    };
  };

  return {
    grading: (grades) => async (components, exampleIds, urgency) => {
      const textKey = sha256(promptText(components));
      const rollouts = await Promise.all(
        exampleIds.map(async (id): Promise<Rollout> => {
          const { first, again } = attemptsAt(components, textKey, id, urgency);
          const attempt = await first();
          if (grades === 1 || !attempt.answered) return attempt;
          const repeats = Array.from({ length: grades - 1 }, (_, i) => again(attempt, i + 1));
          const others = await Promise.all(repeats);
          return {
            evaluation: meanOfGrades([attempt.evaluation, ...others.map((o) => o.evaluation)]),
            cost: addCosts(attempt.cost, ...others.map((o) => o.cost)),
          };
        }),
      );
      parts.breaker.check();
      return rollouts;
    },
    async gradeAgain(components, exampleId, repeat) {
      const { first, again } = attemptsAt(components, sha256(promptText(components)), exampleId);
      const attempt = await first();
      return attempt.answered ? again(attempt, repeat) : undefined;
    },
  };
}

/** The request of a rollout: the prompt as instruction, the example's input, and nothing else. */
export function targetRequest(spec: OptimizeSpec, prompt: string, input: string): ModelRequest {
  const { temperature, maxTokens } = spec.config;
  return {
    messages: [
      { role: "system", content: prompt },
      { role: "user", content: input },
    ],
    maxTokens,
    ...(temperature === undefined ? {} : { temperature }),
    sampleIndex: 0,
  };
}

/** The cost of an answer. */
export function costOfAnswer(model: Model, request: ModelRequest, answer: ModelResponse): Cost {
  return { ...NO_COST, ...bookAnswer(model, request, answer) };
}

/** The cost of a call that failed; at its worst where nobody knows what became of it. */
export function costOfFailure(model: Model, request: ModelRequest, error: unknown): Cost {
  return error instanceof ModelError
    ? { ...NO_COST, ...bookFailure(model, request, error) }
    : { ...NO_COST, modelCalls: 1 };
}

const ONE_RUN: Cost = { ...NO_COST, metricCalls: 1 };

/** Runs a candidate on an example, and grades its answer for the first time. */
async function run(parts: EvaluatorParts, prompt: string, example: Example): Promise<Attempt> {
  const { spec, target, breaker, signal } = parts;
  throwIfAborted(signal);
  breaker.check();
  const request = targetRequest(spec, prompt, example.input);
  let answer: ModelResponse;
  try {
    answer = await target.call(request, signal);
  } catch (error) {
    const problem = problemOf(error, signal);
    breaker.failed("target", problem);
    return {
      evaluation: failed(example.id, "", problem),
      cost: addCosts(ONE_RUN, costOfFailure(target, request, error)),
      answered: false,
      characters: 0,
    };
  }
  breaker.succeeded("target");
  const graded = await gradeOutput(parts, example, answer.text, 0);
  return {
    ...graded,
    cost: addCosts(ONE_RUN, costOfAnswer(target, request, answer), graded.cost),
    characters: graded.characters + answer.text.length,
  };
}

/** Grades an answer. `wasCounted`: a failure would be one more of an output that may have counted as failing already. */
async function gradeOutput(
  { grader, breaker, signal }: EvaluatorParts,
  example: Example,
  output: string,
  repeat: number,
  wasCounted = false,
): Promise<Attempt> {
  const { id: exampleId } = example;
  try {
    const { score, feedback, objectives, cost } = await grader.grade({ example, output }, signal, repeat);
    breaker.succeeded("grader");
    return {
      evaluation: { exampleId, score, feedback, output, objectives, reused: false },
      cost: gradeCost(grader, cost),
      answered: true,
      characters: feedback.length,
    };
  } catch (error) {
    const problem = problemOf(error, signal);
    breaker.failed("grader", problem, wasCounted);
    return {
      evaluation: failed(exampleId, output, problem),
      cost: gradeCost(grader, error instanceof GraderError ? error.cost : undefined),
      answered: true,
      characters: 0,
    };
  }
}

function failed(exampleId: string, output: string, error: Problem): Evaluation {
  return { exampleId, feedback: "", output, objectives: {}, reused: false, error };
}

/** What a grade was paid with; where it does not say, the calls it is expected to take. */
function gradeCost(grader: Grader, paid: GradeCost | undefined): Cost {
  return { ...NO_COST, ...(paid ?? { modelCalls: grader.callsPerGrade }) };
}

/** The problem that a failed call is recorded as; anything but a failed call is thrown on. */
export function problemOf(error: unknown, signal: AbortSignal): Problem {
  if (isAbort(error, signal)) throw error;
  if (error instanceof ModelError) return { code: error.failure, message: error.message };
  if (error instanceof GraderError) return { code: error.code, message: error.message };
  throw error;
}
