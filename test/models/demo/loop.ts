import { fence } from "../../../src/domain/fence.ts";
import type { Example } from "../../../src/domain/spec.ts";
import type { Grade, Grader } from "../../../src/graders/grader.ts";
import type { Model } from "../../../src/models/model.ts";

/** What a loop went through. */
export interface LoopResult {
  /** Score of the best prompt after each iteration, the seed's first. */
  readonly scores: readonly number[];
  readonly prompt: string;
}

const never = new AbortController().signal;

/** The plainest search there is: reflect on a few examples, keep the edit where the mean score over all grows. */
export async function improve(
  models: { readonly target: Model; readonly reflection: Model; readonly grader: Grader },
  seedPrompt: string,
  examples: readonly Example[],
  iterations: number,
  minibatch = 3,
): Promise<LoopResult> {
  const run = async (prompt: string, example: Example) => {
    const { text } = await models.target.call(
      {
        messages: [
          { role: "system", content: prompt },
          { role: "user", content: example.input },
        ],
        maxTokens: 1024,
        sampleIndex: 0,
      },
      never,
    );
    return { example, output: text, grade: await models.grader.grade({ example, output: text }, never) };
  };
  const runAll = (prompt: string) => Promise.all(examples.map((example) => run(prompt, example)));
  const mean = (runs: readonly { readonly grade: Grade }[]) =>
    runs.reduce((sum, { grade }) => sum + grade.score, 0) / runs.length;

  let prompt = seedPrompt;
  let best = await runAll(prompt);
  const scores = [mean(best)];
  const rejected: string[] = [];
  for (let i = 0; i < iterations; i++) {
    const shown = Array.from(
      { length: Math.min(minibatch, best.length) },
      (_, k) => best[(i * minibatch + k) % best.length]!,
    );
    const { text } = await models.reflection.call(
      {
        messages: [
          { role: "system", content: "Improve the prompt." },
          {
            role: "user",
            content: [
              fence("current_prompt.prompt", prompt),
              fence("operator", "reflect: Learn from the failures."),
              ...rejected.slice(-3).map((edit) => fence("rejected_edit", edit)),
              ...shown.flatMap(({ example, output, grade }) => [
                fence("input", example.input),
                ...(example.ideal === undefined ? [] : [fence("ideal", example.ideal)]),
                fence("output", output),
                fence("feedback", `Score ${grade.score} of 1. ${grade.feedback}`),
              ]),
            ].join("\n\n"),
          },
        ],
        maxTokens: 4096,
        sampleIndex: 0,
      },
      never,
    );
    const child = (JSON.parse(text) as { components: { prompt: string } }).components.prompt;
    const runs = await runAll(child);
    if (mean(runs) > mean(best)) {
      prompt = child;
      best = runs;
      rejected.length = 0;
    } else {
      rejected.push(child);
    }
    scores.push(mean(best));
  }
  return { scores, prompt };
}
