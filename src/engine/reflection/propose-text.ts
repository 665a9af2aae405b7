import { throwIfAborted } from "../../base/abort.ts";
import type { RejectedText } from "../../domain/event.ts";
import { componentNames, type Components } from "../../domain/spec.ts";
import type { Model, ModelRequest, ModelResponse } from "../../models/model.ts";
import type { Breaker } from "../breaker.ts";
import { addCosts, NO_COST, type Cost } from "../budget.ts";
import type { Violation } from "../constraints.ts";
import { costOfAnswer, costOfFailure, problemOf } from "../evaluate.ts";
import type { Limiter } from "../limit.ts";
import { parseAnswer, type Proposal } from "./answer.ts";
import { MAX_REFLECTION_ATTEMPTS } from "./limits.ts";
import { reflectionRequest, type ReflectionBrief } from "./request.ts";

/** What reflection needs from the run. */
export interface ReflectionParts {
  readonly reflection: Model;
  readonly limiter: Limiter;
  readonly breaker: Breaker;
  readonly signal: AbortSignal;
}

/** What came of asking: a text that passed every check, or none. What was dropped on the way is said in both cases. */
export interface Reflected {
  readonly proposal?: Proposal & { readonly full: Components };
  readonly rejectedTexts: readonly RejectedText[];
  readonly cost: Cost;
}

/**
 * Asks the reflection model for new texts and checks them before anything else is paid. An answer that is malformed or
 * fails a check is told so and gets one more try; a call that fails for good gets none, its retries were made below.
 */
export async function proposeText(
  parts: ReflectionParts,
  brief: ReflectionBrief,
  check: (full: Components) => Violation | undefined,
): Promise<Reflected> {
  const rejectedTexts: RejectedText[] = [];
  let cost: Cost = NO_COST;
  for (let attempt = 0; attempt < MAX_REFLECTION_ATTEMPTS; attempt++) {
    const request = reflectionRequest(brief, (brief.sample ?? 0) + attempt, rejectedTexts.at(-1)?.detail);
    let answer: ModelResponse;
    try {
      answer = await parts.limiter(() => call(parts, request), "first");
    } catch (error) {
      const problem = problemOf(error, parts.signal);
      parts.breaker.failed("reflection", problem);
      parts.breaker.check();
      const operator = brief.operator.name;
      rejectedTexts.push({ operator, reason: problem.code, detail: problem.message });
      return { rejectedTexts, cost: addCosts(cost, costOfFailure(parts.reflection, request, error)) };
    }
    parts.breaker.succeeded("reflection");
    cost = addCosts(cost, costOfAnswer(parts.reflection, request, answer));
    const parsed = parseAnswer(answer, componentNames(brief.current));
    if (parsed.kind === "malformed") {
      rejectedTexts.push({ operator: brief.operator.name, reason: "malformed", detail: parsed.detail });
      continue;
    }
    const full = { ...brief.current, ...parsed.proposal.components };
    const violation = check(full);
    if (!violation) return { proposal: { ...parsed.proposal, full }, rejectedTexts, cost };
    rejectedTexts.push({ operator: brief.operator.name, ...violation });
  }
  return { rejectedTexts, cost };
}

async function call(parts: ReflectionParts, request: ModelRequest): Promise<ModelResponse> {
  throwIfAborted(parts.signal);
  parts.breaker.check();
  return parts.reflection.call(request, parts.signal);
}
