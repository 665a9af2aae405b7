import { throwIfAborted } from "../../base/abort.ts";
import { digest } from "../../base/digest.ts";
import type { Evaluation } from "../../domain/evaluation.ts";
import type { RejectedText } from "../../domain/event.ts";
import type { Components, Example, OptimizeSpec } from "../../domain/spec.ts";
import type { ModelRequest } from "../../models/model.ts";
import type { Cost } from "../budget.ts";
import { costOfAnswer, costOfFailure, problemOf } from "../evaluate.ts";
import type { Bench } from "../proposal.ts";
import { REFLECTION_MAX_TOKENS, shown } from "../reflection/limits.ts";
import { extractText } from "./extract-text.ts";
import type { MutationTask } from "./ports.ts";
import { renderSideInfo, type SideInfo } from "./side-info.ts";
import { defaultTemplate, fillTemplate } from "./template.ts";

/** How the operator of the reference is called in events. */
export const OPERATOR = "reflect";

/** A reflection that writes new texts, and what it dropped on the way. */
export interface Reflection {
  /** One call a component. Nothing where a text breaks a constraint; rejects where a call fails for good. */
  propose(task: MutationTask<Evaluation>): Promise<Components | undefined>;
  /** Of the last task. */
  rejectedTexts(): readonly RejectedText[];
  /** US dollars paid so far. */
  costUsd(): number;
}

/**
 * Reflection as gepa 0.1.4 does it. The same request asked again, of a parent that meets its minibatch again, is a new
 * sample and not the old answer.
 */
export function createReflection(bench: Bench, spec: OptimizeSpec, book: (cost: Cost) => void): Reflection {
  const samples = new Map<string, number>();
  let rejected: RejectedText[] = [];
  let lastTask: MutationTask<Evaluation> | undefined;
  let costUsd = 0;
  const pay = (cost: Cost) => {
    costUsd += cost.costUsd;
    book(cost);
  };
  const reject = (reason: string, detail: string) => rejected.push({ operator: OPERATOR, reason, detail });

  const ask = async (content: string): Promise<string> => {
    throwIfAborted(bench.signal);
    bench.breaker.check();
    const sampleIndex = samples.get(digest(content)) ?? 0;
    const request: ModelRequest = {
      messages: [{ role: "user", content }],
      maxTokens: REFLECTION_MAX_TOKENS,
      sampleIndex,
    };
    try {
      const answer = await bench.limiter(() => bench.reflection.call(request, bench.signal));
      samples.set(digest(content), sampleIndex + 1);
      bench.breaker.succeeded("reflection");
      pay(costOfAnswer(bench.reflection, request, answer));
      return answer.text;
    } catch (error) {
      const problem = problemOf(error, bench.signal);
      reject(problem.code, problem.message);
      pay(costOfFailure(bench.reflection, request, error));
      bench.breaker.failed("reflection", problem);
      bench.breaker.check();
      throw error;
    }
  };

  return {
    async propose(task) {
      if (task !== lastTask) rejected = []; // a task that is tried once more keeps what it was refused for
      lastTask = task;
      const sideInfo = renderSideInfo(task.batch.records.map((record) => sideInfoOf(record, bench.examples)));
      const texts: Record<string, string> = {};
      for (const name of task.components) {
        const request = fillTemplate(templateOf(spec, name), task.parent[name] ?? "", sideInfo);
        texts[name] = extractText(await ask(request));
      }
      const violation = bench.course.constraints({ ...task.parent, ...texts });
      if (violation) reject(violation.reason, violation.detail);
      return violation ? undefined : texts;
    },
    rejectedTexts: () => rejected,
    costUsd: () => costUsd,
  };
}

function templateOf({ config, context, evaluationRubric }: OptimizeSpec, component: string): string {
  const templates = config.reference?.reflectionTemplates ?? {};
  const own = Object.hasOwn(templates, component)
    ? templates[component]
    : config.reference?.reflectionTemplate;
  if (own !== undefined) return own;
  const known = { ...context, ...(evaluationRubric ? { evaluation_rubric: evaluationRubric } : {}) };
  const lines = Object.keys(known)
    .sort()
    .map((key) => `- ${key}: ${known[key as keyof typeof known]}`);
  return defaultTemplate(shown(lines.join("\n")));
}

function sideInfoOf(evaluation: Evaluation, examples: ReadonlyMap<string, Example>): SideInfo {
  const example = examples.get(evaluation.exampleId);
  return {
    Inputs: shown(example?.input ?? ""),
    "Generated Outputs": shown(evaluation.output),
    Feedback: shown(feedbackOf(evaluation, example?.ideal)),
    ...(Object.keys(evaluation.objectives).length > 0 ? { Scores: evaluation.objectives } : {}),
  };
}

function feedbackOf({ score, feedback, error }: Evaluation, ideal: string | undefined): string {
  if (score === undefined) return `No score: ${error?.message ?? "the call failed."}`;
  const wanted = ideal === undefined ? "" : `\nA good answer: ${ideal}`;
  return `Score ${Number(score.toFixed(4))} of 1. ${feedback}${wanted}`;
}
