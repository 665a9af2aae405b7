import { isAbort, throwIfAborted } from "../base/abort.ts";
import { sha256 } from "../base/digest.ts";
import type { Evaluation, Problem } from "../domain/evaluation.ts";
import { promptText, type Components, type Example, type OptimizeSpec } from "../domain/spec.ts";
import { GraderError, type GradeCost, type Grader } from "../graders/grader.ts";
import { ModelError, type Model, type ModelRequest, type ModelResponse } from "../models/model.ts";
import type { Breaker } from "./breaker.ts";
import { addCosts, NO_COST, type Cost } from "./budget.ts";
import type { Limiter } from "./limit.ts";
import { createMemo } from "./memo.ts";

/** One candidate really run on one example, and what that cost. */
export interface Rollout {
  /** `reused` is always false here; whether it was known is a matter of the state it is committed to. */
  readonly evaluation: Evaluation;
  readonly cost: Cost;
}

/** Runs candidates on examples. */
export type Evaluate = (components: Components, exampleIds: readonly string[]) => Promise<Rollout[]>;

/** What an evaluator needs. */
export interface EvaluatorParts {
  readonly spec: OptimizeSpec;
  readonly target: Model;
  readonly grader: Grader;
  readonly limiter: Limiter;
  readonly breaker: Breaker;
  readonly signal: AbortSignal;
}

/**
 * Makes the evaluator of a run. Results come in the order of the examples, whatever the order of the answers. The same
 * text is never run twice on the same example, not even by two proposals at once; a rollout whose texts are remembered
 * no more is asked for again with the same requests, which the ledger behind the models answers for nothing. A failed
 * call is a rollout without a score. Rejects with an OutageError, or with the signal's reason.
 */
export function createEvaluator(parts: EvaluatorParts): Evaluate {
  const examples = new Map(parts.spec.examples.map((e) => [e.id, e]));
  const memo = createMemo<Rollout>(({ evaluation }) => evaluation.output.length + evaluation.feedback.length);

  return (components, exampleIds) => {
    const text = promptText(components);
    const textKey = sha256(text);
    return Promise.all(
      exampleIds.map((id) => {
        const example = examples.get(id);
        if (!example) throw new Error(`no example ${id}`);
        return memo.once(`${textKey}/${id}`, () => parts.limiter(() => run(parts, text, example)));
      }),
    );
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
export function costOfAnswer({ usage, costUsd }: ModelResponse): Cost {
  return {
    metricCalls: 0,
    modelCalls: 1,
    tokens: usage.inputTokens + usage.outputTokens,
    costUsd: costUsd ?? 0,
  };
}

const ONE_RUN: Cost = { ...NO_COST, metricCalls: 1 };
const ONE_FAILED_CALL: Cost = { ...NO_COST, modelCalls: 1 };

async function run(parts: EvaluatorParts, prompt: string, example: Example): Promise<Rollout> {
  const { spec, target, grader, breaker, signal } = parts;
  throwIfAborted(signal);
  breaker.check();
  const failed = (output: string, error: Problem, cost: Cost): Rollout => ({
    evaluation: { exampleId: example.id, feedback: "", output, objectives: {}, reused: false, error },
    cost,
  });

  let answer: ModelResponse;
  try {
    answer = await target.call(targetRequest(spec, prompt, example.input), signal);
  } catch (error) {
    const problem = problemOf(error, signal);
    breaker.failed("target", problem);
    return failed("", problem, addCosts(ONE_RUN, ONE_FAILED_CALL));
  }
  breaker.succeeded("target");
  const spent = addCosts(ONE_RUN, costOfAnswer(answer));
  try {
    const grade = await grader.grade({ example, output: answer.text }, signal);
    breaker.succeeded("grader");
    return {
      evaluation: {
        exampleId: example.id,
        score: grade.score,
        feedback: grade.feedback,
        output: answer.text,
        objectives: grade.objectives,
        reused: false,
      },
      cost: addCosts(spent, gradeCost(grader, grade.cost)),
    };
  } catch (error) {
    const problem = problemOf(error, signal);
    breaker.failed("grader", problem);
    const paid = error instanceof GraderError ? error.cost : undefined;
    return failed(answer.text, problem, addCosts(spent, gradeCost(grader, paid)));
  }
}

/** What a grade was paid with; where it does not say, the calls it is expected to take. */
export function gradeCost(grader: Grader, paid: GradeCost | undefined): Cost {
  return { ...NO_COST, ...(paid ?? { modelCalls: grader.callsPerGrade }) };
}

/** The problem that a failed call is recorded as; anything but a failed call is thrown on. */
export function problemOf(error: unknown, signal: AbortSignal): Problem {
  if (isAbort(error, signal)) throw error;
  if (error instanceof ModelError) return { code: error.failure, message: error.message };
  if (error instanceof GraderError) return { code: error.code, message: error.message };
  throw error;
}
