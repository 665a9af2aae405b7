import { createRng } from "../../src/base/rng.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import type { Components, Example } from "../../src/domain/spec.ts";
import { promptText } from "../../src/domain/spec.ts";
import type { EngineOutcome, EngineStep, Optimise } from "../../src/engine/ports.ts";

/**
 * The bare loop of GEPA, one thing at a time: enough of an engine to try worlds and harness on. Parents by front
 * weight, minibatches of three, strict improvement, full validation; the champion is the best mean.
 */
export const plainSearch: Optimise = async function* (
  { spec },
  ports,
  signal,
): AsyncGenerator<EngineStep, EngineOutcome, void> {
  const rng = createRng({ seed: spec.seed });
  const of = (split: string) => spec.examples.filter((e) => e.split === split);
  const limit = spec.budget.maxMetricCalls ?? 100;
  let used = 0;

  const evaluate = async (components: Components, examples: readonly Example[]) => {
    used += examples.length;
    return await Promise.all(
      examples.map(async (example) => {
        const messages = [
          { role: "system" as const, content: promptText(components) },
          { role: "user" as const, content: example.input },
        ];
        const { text } = await ports.target.call({ messages, maxTokens: 100, sampleIndex: 0 }, signal);
        const grade = await ports.grader.grade({ example, output: text }, signal);
        return { exampleId: example.id, ...grade, output: text, reused: false };
      }),
    );
  };
  type Scored = Awaited<ReturnType<typeof evaluate>>;
  const total = (scored: Scored) => scored.reduce((sum, e) => sum + e.score, 0);
  const pool: { id: string; components: Components; val: Scored }[] = [];
  const best = () => pool.reduce((a, b) => (total(b.val) > total(a.val) ? b : a));
  const event = (body: EngineEvent): EngineStep => ({ kind: "event", event: body });
  const progress = (iteration: number): EngineStep =>
    event({
      type: "progress",
      data: {
        stage: "select",
        iteration,
        bestCandidateId: best().id,
        budget: { lines: [{ name: "metric_calls", used, total: limit }], fraction: 0 },
        ...ports.measure(),
      },
    });

  pool.push({
    id: "c0",
    components: spec.components,
    val: await evaluate(spec.components, of("validation")),
  });
  yield progress(0);
  const names = Object.keys(spec.components);
  for (let iteration = 1; used < limit && iteration <= spec.budget.maxIterations; iteration++) {
    const name = names[iteration % names.length] as string;
    const parent = chooseParent();
    const minibatch = rng.sample(of("train"), spec.config.minibatchSize);
    const before = await evaluate(parent.components, minibatch);
    if (total(before) >= minibatch.length) continue;
    const text = await reflect(parent.components[name] ?? "", before, minibatch);
    const components = { ...parent.components, [name]: text };
    const id = `c${iteration}`;
    yield event({
      type: "generate",
      data: {
        iteration,
        candidateId: id,
        parentIds: [parent.id],
        operator: "reflect",
        components,
        changedComponents: [name],
        rationale: "",
        lessonIds: [],
        rejectedTexts: [],
      },
    });
    const accepted = total(await evaluate(components, minibatch)) > total(before);
    if (accepted) {
      const val = await evaluate(components, of("validation"));
      pool.push({ id, components, val });
      yield event({
        type: "judge",
        data: { iteration, candidateId: id, stage: "validation", evaluations: val },
      });
    }
    yield event({
      type: "select",
      data: { iteration, candidateId: id, accepted, reason: "", front: [], lessons: [] },
    });
    yield progress(iteration);
  }
  const champion = best();
  const mean = (c: { val: Scored }) => total(c.val) / c.val.length;
  const result = {
    champion: { candidateId: champion.id, components: champion.components, score: mean(champion) },
    report: {
      verdict: "not_measured" as const,
      explanation: "",
      measuredOn: "in_sample" as const,
      lift: mean(champion) - mean(pool[0] as { val: Scored }),
      sampleSize: champion.val.length,
      candidatesConsidered: pool.length,
      championCharacters: 0,
      seedCharacters: 0,
      stopReason: "metric_calls" as const,
      notes: [],
      simulated: true,
      spend: [],
    },
    stopReason: "metric_calls" as const,
  };
  return { kind: "finished", result };

  function chooseParent() {
    const weights = pool.map(
      (c) => c.val.filter((e, i) => pool.every((other) => (other.val[i]?.score ?? 0) <= e.score)).length,
    );
    return rng.weighted(pool, weights);
  }

  async function reflect(current: string, before: Scored, minibatch: readonly Example[]): Promise<string> {
    const records = before.map(
      (e, i) =>
        `# Example ${i + 1}\n## Inputs\n${minibatch[i]?.input}\n\n## Generated Outputs\n${e.output}\n\n## Feedback\n${e.feedback}\n\n`,
    );
    const content = `Instructions:\n\`\`\`\n${current}\n\`\`\`\nExamples:\n\`\`\`\n${records.join("\n\n")}\n\`\`\`\nWrite a new instruction.`;
    const answer = await ports.reflection.call(
      { messages: [{ role: "user", content }], maxTokens: 1_000, sampleIndex: 0 },
      signal,
    );
    const parts = answer.text.split("```");
    return (parts.length > 2 ? parts[1] : answer.text)?.trim() ?? "";
  }
};
