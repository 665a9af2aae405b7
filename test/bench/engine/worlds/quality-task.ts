import type { Components, Example, Split } from "../../../../src/domain/spec.ts";
import { promptText } from "../../../../src/domain/spec.ts";
import { adviceIn, adviceLine, sectionsOf } from "./advice.ts";
import { clampedNormalMean, correlatedUniform, hash53, normal, uniform } from "./chance.ts";
import { type Habits, lineEditor } from "./reflector.ts";
import { remember } from "./rules-task.ts";
import { simulatedGrader, simulatedModel, type Stage } from "./simulated.ts";
import { caseInput, readTargetRequest } from "./target-request.ts";
import type { OpenWorld } from "./world.ts";

/** Tasks of one latent number: each line of advice moves the quality of the prompt by its own hidden value. */
export interface QualityTask {
  /** Quality of the seed prompt, in [0, 1]. */
  readonly base: number;
  /** Lines of advice there are, and mean and standard deviation of their hidden values. */
  readonly lines: number;
  readonly valueMean: number;
  readonly valueSd: number;
  /** Lines of which any one adds `jump`, once. */
  readonly jumpLines: number;
  readonly jump: number;
  /** What values can add up to at most (a tanh), and what each line of the prompt costs. */
  readonly ceiling: number;
  readonly lineCost: number;
  /**
   * "graded": the judge gives a number, quality plus the case's own offset plus noise, clamped to [0, 1].
   * "binary": the case is solved with a probability equal to the quality.
   */
  readonly outcome: "graded" | "binary";
  /** Of "graded": standard deviations of the case's offset, of the answer's luck, and of one grade. */
  readonly caseSd: number;
  readonly answerSd: number;
  readonly judgeSd: number;
  /** Of "binary": share of the luck that belongs to the case and not to the prompt. */
  readonly luckOfCase: number;
  readonly examples: Readonly<Record<Split, number>>;
  /** Probability that feedback on a weak answer names a line that helps, rather than any line at all. */
  readonly feedbackHelps: number;
  readonly reflection: Habits;
}

/** Grades below this one come with advice. */
const WEAK = 0.85;

/** Prompts whose reading is remembered. */
const READ_PROMPTS = 256;

/** Opens a task of one latent number for a seed. */
export function openQualityTask(name: string, task: QualityTask, seed: number, stage: Stage): OpenWorld {
  const lines = Array.from({ length: task.lines }, (_, k) => adviceLine(seed, code("A", k)));
  const jumps = Array.from({ length: task.jumpLines }, (_, k) => adviceLine(seed, code("J", k)));
  const worth = (c: string) => task.valueMean + task.valueSd * normal(seed, "value", c);
  const helpful = [...lines.filter((_, k) => worth(code("A", k)) > 0), ...jumps];
  const all = [...lines, ...jumps];

  const read = remember(READ_PROMPTS, (prompt: string) => {
    const codes = adviceIn(prompt).map((a) => a.code);
    const values = codes.filter((c) => c.startsWith("A-")).reduce((sum, c) => sum + worth(c), 0);
    const jumped = codes.some((c) => c.startsWith("J-")) ? task.jump : 0;
    const length = sectionsOf(prompt).reduce((n, s) => n + s.lines.length, 0);
    const gained = task.ceiling * Math.tanh(values / task.ceiling);
    const quality = task.base + gained + jumped - task.lineCost * (length - 1);
    return { key: hash53(prompt), quality: Math.min(1, Math.max(0, quality)) };
  });

  const target = simulatedModel(stage, "target", (request) => {
    const { prompt, caseNumber } = readTargetRequest(request);
    const { key, quality } = read(prompt);
    const own = [seed, "luck", caseNumber, key, request.sampleIndex];
    if (task.outcome === "binary") {
      const solved = correlatedUniform(task.luckOfCase, [seed, "luck", caseNumber], own) < quality;
      return `Answer to case ${caseNumber} (draft ${key.toString(36)}): ${solved ? "solved" : "not solved"}.`;
    }
    const shown = quality + task.caseSd * normal(seed, "offset", caseNumber) + task.answerSd * normal(...own);
    return `Answer to case ${caseNumber}, written to a standard of ${shown.toFixed(6)}.`;
  });

  const kind = task.outcome === "graded" ? "judge" : "code";
  const grader = simulatedGrader(stage, name, kind, ({ output }, repeat) => {
    const score =
      task.outcome === "binary"
        ? Number(output.includes(": solved"))
        : clamp(
            Number(/standard of (-?[\d.]+)\./.exec(output)?.[1] ?? 0) +
              task.judgeSd * normal(seed, "judge", output, repeat),
          );
    return { score, feedback: adviceOn(score, [seed, "feedback", output, repeat]), objectives: {} };
  });

  const adviceOn = (score: number, key: (string | number)[]) => {
    if (score >= WEAK) return "Good.";
    const pool = uniform(...key, "helps") < task.feedbackHelps ? helpful : all;
    const named = pool[Math.floor(uniform(...key, "which") * pool.length)];
    return named === undefined ? "This could be better." : `This could be better. One idea: ${named}`;
  };

  const reflection = lineEditor(stage, {
    seed,
    habits: task.reflection,
    componentOf: () => "prompt",
    idea: (_component, rng) => rng.choice(all),
  });

  const graderSd = Math.hypot(task.caseSd, task.answerSd, task.judgeSd);
  const trueScore = (components: Components) => {
    const { quality } = read(promptText(components));
    return task.outcome === "binary" ? quality : clampedNormalMean(quality, graderSd);
  };

  return {
    examples: casesOf(task),
    components: { prompt: "You answer letters from customers." },
    target,
    reflection,
    grader,
    trueScore,
  };
}

const code = (letter: string, k: number) => `${letter}-${String(k + 1).padStart(3, "0")}`;

const clamp = (x: number) => Math.min(1, Math.max(0, x));

function casesOf(task: QualityTask): Example[] {
  const examples: Example[] = [];
  for (const split of ["train", "validation", "test"] as const) {
    for (let i = 0; i < task.examples[split]; i++) {
      const n = examples.length + 1;
      examples.push({ id: String(n), input: caseInput(n, "an order"), split });
    }
  }
  return examples;
}
