import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Components, Example, Split } from "../../../../src/domain/spec.ts";
import { promptText } from "../../../../src/domain/spec.ts";
import { unfence } from "../../../../src/domain/fence.ts";
import type { Model, ModelRequest } from "../../../../src/models/model.ts";
import { simulatedGrader, type Stage } from "../worlds/simulated.ts";
import { remember } from "../worlds/rules-task.ts";
import type { World } from "../worlds/world.ts";
import { readPrompt } from "./classifier-prompt.ts";
import { promptEditor } from "./editor.ts";
import { cosine, type Encoder, loadEncoder } from "./encoder.ts";

/** The file of real questions, in the folder that GEPA_DATA_DIR names. */
const DATA_FILE = "banking77-10.jsonl";

/** Prompts whose lines are remembered as vectors. */
const READ_PROMPTS = 64;

/** Reads the questions; the splits are those of the file. */
export async function readQuestions(dataDir: string): Promise<Example[]> {
  const text = await readFile(join(dataDir, DATA_FILE), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line, i) => {
      const { input, ideal, split } = JSON.parse(line) as { input: string; ideal: string; split: Split };
      return { id: String(i + 1), input, ideal, split };
    });
}

/** The seed prompt: the label names and nothing else. */
export function labelNamesPrompt(examples: readonly Example[]): string {
  const labels = [...new Set(examples.map((e) => e.ideal ?? ""))].sort();
  return labels.map((label) => `${label}: ${label.replaceAll("_", " ")}`).join("\n");
}

/** The label whose nearest line is nearest to the question. */
function nearest(lines: readonly { label: string; vector: Float64Array }[], question: Float64Array): string {
  let best = "";
  let most = Number.NEGATIVE_INFINITY;
  for (const { label, vector } of lines) {
    const here = cosine(vector, question);
    if (here > most) [best, most] = [label, here];
  }
  return best;
}

/** Loads the real world: real questions, a real encoder, an exact grader. The seed only seeds the editor's choices. */
export async function loadBanking(dataDir: string): Promise<World> {
  const examples = await readQuestions(dataDir);
  const encoder = await loadEncoder();
  await encoder.encode(examples.map((e) => e.input));
  return {
    name: "banking",
    description:
      "600 real customer questions of ten intents (banking77, CC BY 4.0). The target is a sentence encoder whose prompt " +
      "is label descriptions and demonstrations; the nearest line decides. The seed prompt is the label names.",
    parameters: { examples: examples.length, source: DATA_FILE, seedPrompt: "label names" },
    open: (seed, stage) => {
      const classify = classifier(encoder);
      return {
        examples,
        components: { prompt: labelNamesPrompt(examples) },
        target: encoderModel(stage, classify),
        reflection: promptEditor(stage, seed),
        grader: simulatedGrader(stage, "banking", "code", ({ example, output }) => {
          const right = output.trim() === example.ideal;
          const feedback = right ? "Right." : `Expected ${example.ideal}, got ${output.trim() || "nothing"}.`;
          return { score: right ? 1 : 0, feedback, objectives: {} };
        }),
        trueScore: async (components: Components) => {
          const test = examples.filter((e) => e.split === "test");
          const answers = await Promise.all(test.map((e) => classify(promptText(components), e.input)));
          return answers.filter((label, i) => label === test[i]?.ideal).length / test.length;
        },
      };
    },
  };
}

/** Classifies a question under a prompt. */
function classifier(encoder: Encoder): (prompt: string, question: string) => Promise<string> {
  const read = remember(READ_PROMPTS, async (prompt: string) => {
    const lines = readPrompt(prompt).filter((l) => l.kind !== "talk");
    const vectors = await encoder.encode(lines.map((l) => l.text));
    return lines.map((l, i) => ({ label: l.label, vector: vectors[i] as Float64Array }));
  });
  return async (prompt, question) => {
    const [lines, vectors] = await Promise.all([read(prompt), encoder.encode([question])]);
    return nearest(lines, vectors[0] as Float64Array);
  };
}

function encoderModel(stage: Stage, classify: ReturnType<typeof classifier>): Model {
  return {
    id: "bench/sentence-encoder",
    servedBy: "bench:sentence-encoder",
    simulated: false,
    async call(request, signal) {
      signal.throwIfAborted();
      stage.books.targetCalls++;
      const { prompt, question } = askOf(request);
      const text = await classify(prompt, question);
      return {
        text,
        finishReason: "stop",
        usage: {
          inputTokens: Math.ceil((prompt.length + question.length) / 4),
          cachedInputTokens: 0,
          outputTokens: 4,
        },
      };
    },
  };
}

/** The system message is the prompt, the last user message the question. */
function askOf(request: ModelRequest): { prompt: string; question: string } {
  const system = request.messages.filter((m) => m.role === "system").map((m) => m.content);
  const user = request.messages.findLast((m) => m.role === "user")?.content ?? "";
  return { prompt: system.join("\n\n"), question: unfence(user).at(-1)?.text ?? user.trim() };
}
