import { describe, expect, it } from "vitest";
import { targetAnswer } from "../../../src/models/demo/target.ts";
import { words } from "../../../src/models/demo/text.ts";

function answer(prompt: string, input: string, sampleIndex = 0): string {
  const messages = [
    { role: "system", content: prompt },
    { role: "user", content: input },
  ] as const;
  return targetAnswer({ messages, maxTokens: 1000, sampleIndex });
}

const INPUTS = Array.from({ length: 60 }, (_, i) => `How do I grow plant number ${i} on a balcony?`);

/** Share of many inputs whose answer passes. */
function share(prompt: string, passes: (answer: string, input: string) => boolean): number {
  return INPUTS.filter((input) => passes(answer(prompt, input), input)).length / INPUTS.length;
}

describe("the simulated target", () => {
  it("stays with the subject, and is long and vague where nothing is ordered", () => {
    const text = answer("You help people.", "How do I grow tomatoes on a balcony?");
    expect(text).toContain("tomatoes");
    expect(words(text).length).toBeGreaterThan(100);
  });

  const orders: readonly (readonly [prompt: string, passes: (answer: string) => boolean])[] = [
    ["Cover: watering; sunlight.", (text) => /watering/i.test(text)],
    ["Always mention the pot size.", (text) => /pot size/i.test(text)],
    ["Please include a warning about frost.", (text) => /frost/i.test(text)],
    ["Be brief.", (text) => words(text).length < 40],
    ["Answer in at most two sentences.", (text) => text.split(/\.\s/).length <= 2],
    ["Use bullet points.", (text) => text.startsWith("- ")],
    [
      "Answer with exactly one of: easy, hard. Give the answer alone, nothing else.",
      (text) => ["easy", "hard"].includes(text),
    ],
    ["When the input mentions balcony, answer outdoor and nothing else.", (text) => text === "outdoor"],
    ["Think step by step and end with the final number.", (text) => /\d$/.test(text)],
  ];
  for (const [prompt, passes] of orders) {
    it(`mostly follows, and now and then overlooks: ${prompt}`, () => {
      const followed = share(prompt, passes);
      expect(followed).toBeGreaterThan(0.8);
      expect(share(`${prompt}\n${"Some more words that say little. ".repeat(400)}`, passes)).toBeLessThan(
        followed,
      );
    });
  }

  it("overlooks less when it is told to check its answer", () => {
    const covers = (text: string) => /watering/i.test(text);
    const long = `Cover: watering.\n${"Some more words that say little. ".repeat(400)}`;
    expect(share(`${long}\nCheck your answer.`, covers)).toBeGreaterThan(share(long, covers));
  });

  it("chooses the label whose rule or name meets the input", () => {
    const prompt =
      "Answer with exactly one of: lost_parcel, refund. Give the answer alone, nothing else.\nWhen the input mentions broken or money, answer refund.";
    expect(answer(prompt, "My parcel never came")).toBe("lost_parcel");
    expect(answer(prompt, "It is broken, I want my money")).toBe("refund");
  });

  it("can answer otherwise in another sample", () => {
    const prompt = "Cover: watering; sunlight; soil; pots; frost; seeds; pruning; harvest.";
    const samples = Array.from({ length: 20 }, (_, i) => answer(prompt, "How do I grow peas?", i));
    expect(new Set(samples).size).toBeGreaterThan(1);
  });
});
