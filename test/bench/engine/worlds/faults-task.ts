import type { Components, Example, Split } from "../../../../src/domain/spec.ts";
import { promptText } from "../../../../src/domain/spec.ts";
import { createRng, type Rng } from "../../../../src/base/rng.ts";
import { adviceLine, topicOf } from "./advice.ts";
import type { AttentionDecay } from "./attention.ts";
import { correlatedUniform, hash53, uniform } from "./chance.ts";
import { faultsEditor, type FaultsHabits } from "./faults-editor.ts";
import { codeOf, demandsOf, drawFaults, type Faults, type Need, rulesOf, seedPrompt } from "./faults-seed.ts";
import { readFaulty } from "./faults-text.ts";
import { remember } from "./rules-task.ts";
import { simulatedGrader, simulatedModel, type Stage } from "./simulated.ts";
import { caseInput, readTargetRequest } from "./target-request.ts";
import type { OpenWorld } from "./world.ts";

/** Tasks whose seed prompt is at fault in several ways, in each task in others. */
export interface FaultsTask extends AttentionDecay {
  readonly rules: number;
  /** Fewest and most rules a case needs; rule k is needed with weight 1 / (k + 1) ** skew. */
  readonly needs: readonly [number, number];
  readonly skew: number;
  /** Probability that a demand on form or tone concerns a case. */
  readonly demanded: number;
  /** Probability that a task has a fault of a kind, and the most there is of it then. */
  readonly present: number;
  readonly faults: Faults;
  readonly examples: Readonly<Record<Split, number>>;
  /** Probability of following what is stated alone, and of doing it rightly where it would have to be shown. */
  readonly followsStated: number;
  readonly graspsUnshown: number;
  /** Probability of following what is shown, and of what is neither stated nor shown. */
  readonly followsShown: number;
  readonly followsUnstated: number;
  /** Lines a worked example is as long as. */
  readonly exampleLines: number;
  /** Share of the luck that belongs to the case and not to the prompt. */
  readonly luckOfCase: number;
  /** Probability that feedback names a rule that was missed, and that what it names is wrong. Form and tone are always named. */
  readonly feedbackNames: number;
  readonly feedbackWrong: number;
  readonly reflection: FaultsHabits;
}

/** Fresh cases the true score is taken over; their luck is integrated out. */
const TRUTH_CASES = 1_500;

/** Prompts whose reading is remembered. */
const READ_PROMPTS = 256;

/** Lines of the reflection model's own invention that help nobody. */
const INVENTIONS = 12;

/** Opens a task of many faults for a seed. */
export function openFaultsTask(name: string, task: FaultsTask, seed: number, stage: Stage): OpenWorld {
  const faults = drawFaults(seed, task.present, task.faults);
  const rng = createRng({ seed: hash53(`faults ${seed}`) });
  const rules = rulesOf(task.rules, faults, seed, rng);
  const demands = demandsOf(faults, seed);
  const draw = (key: string) => drawNeeds(task, rules, demands, createRng({ seed: hash53(key) }));
  const cases = casesOf(task, (n) => draw(`case ${seed} ${n}`));
  const needsByCase = new Map(cases.map((c) => [c.caseNumber, c.needs]));

  const read = remember(READ_PROMPTS, (prompt: string) => {
    const { stated, shown } = readFaulty(prompt, task, task.exampleLines);
    const notices = ({ code }: Need) => (stated.get(code) ?? 0) * task.followsStated;
    const meets = (need: Need) =>
      Math.max(
        task.followsUnstated,
        notices(need) * (need.kind === "unshown" ? task.graspsUnshown : 1),
        (shown.get(need.code) ?? 0) * task.followsShown,
      );
    return { key: hash53(prompt), notices, meets };
  });

  const target = simulatedModel(stage, "target", (request) => {
    const { prompt, caseNumber } = readTargetRequest(request);
    const { key, notices, meets } = read(prompt);
    const needs = needsByCase.get(caseNumber) ?? [];
    const luck = new Map(
      needs.map((need) => {
        const shared = [seed, "luck", caseNumber, need.code];
        return [need, correlatedUniform(task.luckOfCase, shared, [...shared, key, request.sampleIndex])];
      }),
    );
    const those = (holds: (need: Need, u: number) => boolean) =>
      [...luck].flatMap(([need, u]) => (holds(need, u) ? [need.code] : [])).join(", ") || "nothing";
    const followed = those((need, u) => u < meets(need));
    const tried = those((need, u) => u >= meets(need) && u < notices(need));
    return `Answer to case ${caseNumber}. Followed: ${followed}. Tried: ${tried}.`;
  });

  const grader = simulatedGrader(stage, name, "code", ({ example, output }) => {
    const needs = needsByCase.get(Number(example.id)) ?? [];
    const codes = (what: string) => new Set(output.split(what)[1]?.split(".")[0]?.split(", "));
    const [met, tried] = [codes("Followed: "), codes("Tried: ")];
    const missed = needs.filter((n) => !met.has(n.code));
    const feedback = missed.map((need) =>
      tried.has(need.code)
        ? `It did not do this rightly: ${need.line}`
        : feedbackOn(need, task, rules, [seed, "feedback", output, need.code]),
    );
    return {
      score: needs.length === 0 ? 1 : 1 - missed.length / needs.length,
      feedback: feedback.join(" ") || "Good: nothing is missing.",
      objectives: {},
    };
  });

  const inventions = Array.from({ length: INVENTIONS }, (_, k) => adviceLine(seed, codeOf("own", k)));
  const reflection = faultsEditor(stage, {
    seed,
    habits: task.reflection,
    componentOf: () => "prompt",
    idea: (_component, chance) =>
      chance.random() < 0.3 ? chance.choice(rules).line : chance.choice(inventions),
  });

  const worth = new Map<Need, number>();
  for (let i = 0; i < TRUTH_CASES; i++) {
    const needs = draw(`truth ${seed} ${i}`);
    for (const n of needs) worth.set(n, (worth.get(n) ?? 0) + 1 / needs.length / TRUTH_CASES);
  }
  const trueScore = (components: Components) => {
    const { meets } = read(promptText(components));
    return [...worth].reduce((sum, [need, share]) => sum + share * meets(need), 0);
  };

  const examples = cases.map((c) => c.example);
  return {
    examples,
    components: { prompt: seedPrompt(rules, faults, rng) },
    target,
    reflection,
    grader,
    trueScore,
  };
}

function drawNeeds(task: FaultsTask, rules: readonly Need[], demands: readonly Need[], rng: Rng): Need[] {
  const [fewest, most] = task.needs;
  const pool = rules.map((rule, k) => ({ rule, weight: (k + 1) ** -task.skew }));
  const drawn = Array.from({ length: fewest + rng.below(most - fewest + 1) }, () => {
    const chosen = rng.weighted(
      pool,
      pool.map((p) => p.weight),
    );
    pool.splice(pool.indexOf(chosen), 1);
    return chosen.rule;
  });
  return [...drawn, ...demands.filter(() => rng.random() < task.demanded)];
}

function casesOf(task: FaultsTask, draw: (caseNumber: number) => Need[]) {
  const cases: { example: Example; caseNumber: number; needs: readonly Need[] }[] = [];
  for (const split of ["train", "validation", "test"] as const) {
    for (let i = 0; i < task.examples[split]; i++) {
      const caseNumber = cases.length + 1;
      const needs = draw(caseNumber);
      const topic = needs.map((n) => topicOf(n.line)).join(", and ");
      cases.push({
        example: { id: String(caseNumber), input: caseInput(caseNumber, topic), split },
        caseNumber,
        needs,
      });
    }
  }
  return cases;
}

function feedbackOn(
  missed: Need,
  task: FaultsTask,
  rules: readonly Need[],
  key: readonly (string | number)[],
): string {
  if (missed.kind === "form") return `The form was wrong: ${missed.code}.`;
  if (missed.kind === "tone") return `The tone was wrong: ${missed.code}.`;
  if (uniform(...key, "names") >= task.feedbackNames) return "Something the customer needs is missing.";
  const wrong = uniform(...key, "wrong") < task.feedbackWrong;
  const named = wrong ? rules[Math.floor(uniform(...key, "which") * rules.length)] : missed;
  return `It should have followed: ${(named ?? missed).line}`;
}
