import type { JudgeStage, RejectedText } from "../domain/event.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import { componentNames, type Components, type Example } from "../domain/spec.ts";
import { compare, type Acceptance, type Comparison } from "./acceptance/acceptance.ts";
import { improvementOrEqual } from "./acceptance/improvement-or-equal.ts";
import { strictImprovement } from "./acceptance/strict-improvement.ts";
import { NO_COST, type Cost } from "./budget.ts";
import { normalised, type Violation } from "./constraints.ts";
import type { Evaluate, Rollout } from "./evaluate.ts";
import type { Course } from "./course.ts";
import type { Intent } from "./intent.ts";
import { OPERATORS, type OperatorName } from "./operators/registry.ts";
import { proposeText, type ReflectionParts } from "./reflection/propose-text.ts";
import { SCORE_EPSILON } from "./standing.ts";
import { candidateId, exactDigest, type Member } from "./state.ts";

/** What a proposal tells while it runs, in a fixed order. */
export type Notice =
  | {
      readonly kind: "judged";
      readonly candidateId: string;
      /** Digest of its text to the letter. */
      readonly exact: string;
      readonly stage: JudgeStage;
      readonly rollouts: readonly Rollout[];
    }
  | { readonly kind: "generated"; readonly draft: Draft };

/** A candidate that was written. */
export interface Draft {
  readonly components: Components;
  readonly changed: readonly string[];
  readonly rationale: string;
  readonly lesson: string;
  readonly rejectedTexts: readonly RejectedText[];
}

/** How a proposal ended. `reflectionCost` is what the reflection model was paid; rollouts are counted from notices. */
export type Outcome =
  | {
      /** No candidate could be made. */
      readonly kind: "unmade";
      readonly reason: string;
      readonly rejectedTexts: readonly RejectedText[];
      readonly reflectionCost: Cost;
      /** Because the parent was right wherever it was run, which says nothing against other parents. */
      readonly nothingToLearn?: boolean;
    }
  | {
      /** A candidate was made and tried; `validated` where it passed the trial. */
      readonly kind: "tried";
      readonly draft: Draft;
      readonly trial: Comparison;
      readonly trialIds: readonly string[];
      readonly passed: boolean;
      readonly evaluations: readonly Evaluation[];
      readonly reflectionCost: Cost;
    };

/** What a proposal works with. Everything in it is fixed for the run, or was fixed when the intent was decided. */
export interface Bench extends ReflectionParts {
  readonly course: Course;
  readonly evaluate: Evaluate;
  readonly examples: ReadonlyMap<string, Example>;
}

/** Texts the intent names, as they were when it was decided. */
export interface Material {
  readonly parent: Member;
  readonly mate?: Member;
  readonly ancestor?: Member;
  readonly lessons: readonly string[];
  /** Who holds a text already, if anybody does. */
  heldBy(components: Components): string | undefined;
}

/**
 * Carries an intent out: run the parent, write a child, try it on the same examples, and begin to validate it if it did
 * better. Decides from the intent and the answers alone, never from what other proposals do meanwhile.
 */
export async function carryOut(
  bench: Bench,
  intent: Intent,
  material: Material,
  notify: (notice: Notice) => void,
): Promise<Outcome> {
  if (intent.minibatch.length === 0) {
    return unmade(
      `${material.parent.id} has nothing left to learn: it is right on every training example it could be run on.`,
    );
  }
  const { kind } = OPERATORS[intent.operator as OperatorName];
  return (kind === "combining" ? mergeAndTry : reflectAndTry)(bench, intent, material, notify);
}

function unmade(
  reason: string,
  rejectedTexts: readonly RejectedText[] = [],
  reflectionCost: Cost = NO_COST,
): Extract<Outcome, { kind: "unmade" }> {
  return { kind: "unmade", reason, rejectedTexts, reflectionCost };
}

async function reflectAndTry(
  bench: Bench,
  intent: Intent,
  material: Material,
  notify: (notice: Notice) => void,
): Promise<Outcome> {
  const { parent } = material;
  const [run, failures] = await Promise.all([
    runParent(bench, intent, parent),
    bench.evaluate(parent.components, intent.failures), // from the memo: they are known
  ]);
  const tell = (rollouts: readonly Rollout[]) =>
    notify({
      kind: "judged",
      candidateId: parent.id,
      exact: parent.exact,
      stage: "parent_minibatch",
      rollouts,
    });
  for (const rollouts of run.slice(0, -1)) tell(rollouts);
  tell([...(run.at(-1) ?? []), ...failures]);
  const minibatch = (run.at(-1) ?? []).map((r) => r.evaluation);
  const known = failures.map((r) => r.evaluation);
  const shown = [...minibatch, ...known];
  if (isPerfect(shown)) {
    return {
      ...unmade(
        `${parent.id} is right wherever it could be run on these examples; there is nothing to learn.`,
      ),
      nothingToLearn: true,
    };
  }
  if (minibatch.every((e) => e.score === undefined)) {
    const { error } = minibatch[0] ?? {};
    return unmade(`No score could be had for ${parent.id} on these examples: ${error?.message}`);
  }

  const { spec } = bench.course;
  const operator = OPERATORS[intent.operator as OperatorName];
  const rubric =
    spec.grader.kind === "judge" ? (spec.grader.rubric ?? spec.evaluationRubric) : spec.evaluationRubric;
  const reflected = await proposeText(
    bench,
    {
      current: parent.components,
      operator: {
        name: operator.name,
        order: operator.kind === "reflective" ? operator.order : "",
      },
      ...(material.mate ? { other: material.mate.components } : {}),
      context: spec.context,
      ...(rubric === undefined ? {} : { rubric }),
      sample: bench.course.prices.maxReflections * (intent.iteration - 1),
      lessons: material.lessons,
      rejectedEdits: intent.rejectedEdits,
      attempts: shown.flatMap((evaluation) => {
        const example = bench.examples.get(evaluation.exampleId);
        return example ? [{ example, evaluation }] : [];
      }),
    },
    (full) => firstViolation(bench, material, full),
  );
  const { proposal, rejectedTexts, cost } = reflected;
  if (!proposal) {
    return unmade(`No usable text was proposed: ${rejectedTexts.at(-1)?.detail ?? ""}`, rejectedTexts, cost);
  }
  const draft: Draft = {
    components: proposal.full,
    changed: changedNames(parent.components, proposal.full),
    rationale: proposal.rationale,
    lesson: proposal.lesson,
    rejectedTexts,
  };
  // Where the parent is perfect no child can be better: then its known failures, and one success for contrast.
  const failed = known.slice(0, Math.max(1, minibatch.length - 1));
  const before = isPerfect(minibatch) ? [...failed, ...minibatch].slice(0, minibatch.length) : minibatch;
  return tryOut(bench, intent, { draft, before, stage: "minibatch", gate: strictImprovement, cost }, notify);
}

async function mergeAndTry(
  bench: Bench,
  intent: Intent,
  material: Material,
  notify: (notice: Notice) => void,
): Promise<Outcome> {
  const { parent, mate, ancestor } = material;
  const operator = OPERATORS[intent.operator as OperatorName];
  if (!mate || !ancestor || operator.kind !== "combining") throw new Error("a merge needs two parents");
  const components = operator.combine([parent, mate], ancestor);
  if (!components) throw new Error(`${parent.id} and ${mate.id} have nothing to merge`);
  const violation = firstViolation(bench, material, components);
  if (violation) {
    return unmade(`The merge was dropped: ${violation.detail}`, [{ operator: operator.name, ...violation }]);
  }
  const draft: Draft = {
    components,
    changed: changedNames(parent.components, components),
    rationale: `Parts of ${parent.id} and ${mate.id}, which are good at different examples.`,
    lesson: "",
    rejectedTexts: [],
  };
  const before = betterScores(parent, mate, intent.minibatch);
  const gate = improvementOrEqual;
  return tryOut(bench, intent, { draft, before, stage: "merge", gate, cost: NO_COST }, notify);
}

/**
 * The parent on its minibatch; while it has not failed anywhere, on the next one. The last one is what is learnt from.
 */
async function runParent(bench: Bench, intent: Intent, parent: Member): Promise<Rollout[][]> {
  const run: Rollout[][] = [];
  for (const ids of [intent.minibatch, ...intent.further]) {
    const rollouts = await bench.evaluate(parent.components, ids);
    run.push(rollouts);
    if (intent.failures.length > 0 || !isPerfect(rollouts.map((r) => r.evaluation))) break;
  }
  return run;
}

/** A child, and what it is tried with. */
interface Candidacy {
  readonly draft: Draft;
  /** The parent's scores on the examples of the trial. */
  readonly before: readonly Pick<Evaluation, "exampleId" | "score">[];
  readonly stage: "minibatch" | "merge";
  readonly gate: Acceptance;
  /** Of the reflection. */
  readonly cost: Cost;
}

async function tryOut(
  bench: Bench,
  intent: Intent,
  { draft, before, stage, gate, cost }: Candidacy,
  notify: (notice: Notice) => void,
): Promise<Outcome> {
  notify({ kind: "generated", draft });
  const exact = exactDigest(draft.components);
  const judge = async (as: JudgeStage, ids: readonly string[]) => {
    const rollouts = await bench.evaluate(draft.components, ids);
    notify({ kind: "judged", candidateId: candidateId(intent.iteration), exact, stage: as, rollouts });
    return rollouts;
  };
  const trialIds = before.map((e) => e.exampleId);
  const after = (await judge(stage, trialIds)).map((r) => r.evaluation);
  const trial = compare({ parent: before, child: after });
  const passed = gate(trial);
  const validated = passed ? await judge("validation", intent.firstBlock) : [];
  return {
    kind: "tried",
    draft,
    trial,
    trialIds,
    passed,
    evaluations: [...after, ...validated.map((r) => r.evaluation)],
    reflectionCost: cost,
  };
}

/** The first thing that speaks against a text; each costs nothing to find out. */
function firstViolation(bench: Bench, material: Material, full: Components): Violation | undefined {
  const same = (a: Components) =>
    componentNames(a).every((name) => normalised(a[name] ?? "") === normalised(full[name] ?? ""));
  if (same(material.parent.components)) {
    return { reason: "no_change", detail: "The text is the current one; make a real edit." };
  }
  const holder = material.heldBy(full);
  if (holder !== undefined) {
    return { reason: "duplicate", detail: `The text was tried before as ${holder}; try another edit.` };
  }
  return bench.course.constraints(full);
}

function changedNames(parent: Components, child: Components): string[] {
  return componentNames(child).filter((name) => child[name] !== parent[name]);
}

/** The scores of whichever of two parents is better on these examples in sum. */
function betterScores(
  a: Member,
  b: Member,
  ids: readonly string[],
): Pick<Evaluation, "exampleId" | "score">[] {
  const sum = (member: Member) => ids.reduce((s, id) => s + (member.scores[id] ?? 0), 0);
  const better = sum(b) > sum(a) ? b : a;
  return ids.map((exampleId) => {
    const score = better.scores[exampleId];
    return { exampleId, ...(score === undefined ? {} : { score }) };
  });
}

/** Whether nothing is wrong where there is a score, and there is one: no child can be better there. */
function isPerfect(evaluations: readonly Evaluation[]): boolean {
  const scores = evaluations.flatMap((e) => e.score ?? []);
  return scores.length > 0 && scores.every((score) => score >= 1 - SCORE_EPSILON);
}
