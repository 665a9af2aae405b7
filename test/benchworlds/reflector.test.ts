import { expect, it } from "vitest";
import { fence } from "../../src/domain/fence.ts";
import { promptText } from "../../src/domain/spec.ts";
import { adviceIn } from "../bench/engine/worlds/advice.ts";
import { latentRules } from "../bench/engine/worlds/latent-rules.ts";
import { oneTrackMind } from "../bench/engine/worlds/one-track-mind.ts";
import { instantStage } from "../bench/engine/worlds/simulated.ts";
import type { World } from "../bench/engine/worlds/world.ts";
import { createVirtualTime } from "../bench/engine/virtual-time.ts";

const ANSWERS = 60;

/** What the reflection model of a world adds to the seed prompt, answer by answer, when nothing is named by the feedback. */
async function additions(world: World, ...rejected: readonly string[]): Promise<string[]> {
  const { components, reflection } = await world.open(5, instantStage(createVirtualTime()));
  const prompt = promptText(components);
  const content = [
    fence("current_prompt.prompt", prompt),
    fence("operator", "reflect: Rewrite the text."),
    ...rejected.map((line) => fence("rejected_edit", `New text of prompt:\n${prompt}\n${line}`)),
    fence("input", "Case #1: something"),
    fence("output", "Answer."),
    fence("feedback", "Something the customer needs is missing."),
  ].join("\n\n");
  const { signal } = new AbortController();
  const answers = await Promise.all(
    Array.from({ length: ANSWERS }, (_, sampleIndex) =>
      reflection.call({ messages: [{ role: "user", content }], maxTokens: 1_000, sampleIndex }, signal),
    ),
  );
  const stated = new Set(adviceIn(prompt).map(({ line }) => line));
  return answers.flatMap(({ text }) => {
    const edited: unknown = text.startsWith("{") ? JSON.parse(text).components.prompt : "";
    return adviceIn(String(edited)).flatMap(({ line }) => (stated.has(line) ? [] : [line]));
  });
}

/** The line that is added most often, and how often. */
function favouriteOf(lines: readonly string[]): { readonly line: string; readonly times: number } {
  const times = (line: string) => lines.filter((other) => other === line).length;
  const [line = ""] = [...lines].sort((a, b) => times(b) - times(a));
  return { line, times: times(line) };
}

it("a model with favourites comes back with the same idea, and another one draws a new one each time", async () => {
  expect(favouriteOf(await additions(oneTrackMind)).times).toBeGreaterThan(0.6 * ANSWERS);
  expect(favouriteOf(await additions(latentRules)).times).toBeLessThan(0.3 * ANSWERS);
});

it("a model with favourites goes on to the next one when it is told that the first was tried", async () => {
  const first = favouriteOf(await additions(oneTrackMind));
  const after = await additions(oneTrackMind, first.line);
  const second = favouriteOf(after);
  expect(second.line).not.toBe(first.line);
  expect(second.times).toBeGreaterThan(0.35 * ANSWERS);
  expect(after.filter((line) => line === first.line).length).toBeLessThan(0.5 * first.times);
});
