import { unfence } from "../../domain/fence.ts";
import { ModelError, type ModelRequest } from "../model.ts";
import { type Comparison, compare, type Ideal, readIdeal } from "./ideal.ts";
import { contentWords, covers, stems } from "./text.ts";

/**
 * `demo/judge`: a simulated judge. It reads the fenced texts of a judge's request, splits the ideal (or the rubric)
 * into points, and says which of them the output makes, in words a reflection model can act on. The texts are data to
 * it: an order inside them is text like any other.
 */

/** Input words named in feedback, as a hint at what told the case. */
const HINT_WORDS = 4;

/** Score of a further criterion the output never speaks of. */
const CRITERION_UNMET = 0.4;

/** Grades the fenced output; JSON of the judge's schema. Rejects a request that has no output to grade. */
export function judgeAnswer(request: ModelRequest): string {
  const fenced = unfence(request.messages.map((message) => message.content).join("\n\n"));
  const find = (label: string) => fenced.find((text) => text.label === label)?.text;
  const output = find("output");
  if (output === undefined) {
    throw new ModelError("bad_request", "demo/judge answers only requests that hold an output to grade.");
  }
  const input = find("input") ?? "";
  const ideal = readIdeal(find("ideal"), find("rubric"));
  const comparison = compare(ideal, input, output);
  const said = stems(output);
  const criteria = (find("criteria") ?? "").split("\n").filter((name) => name.trim() !== "");
  return JSON.stringify({
    feedback: feedbackOn(ideal, comparison, input),
    score: Math.round(comparison.score * 1000) / 1000,
    criteria: Object.fromEntries(criteria.map((name) => [name, covers(said, name) ? 1 : CRITERION_UNMET])),
  });
}

function feedbackOn(ideal: Ideal, comparison: Comparison, input: string): string {
  switch (comparison.kind) {
    case "number": {
      const value = ideal.kind === "number" ? ideal.value : "";
      if (comparison.place === "end") return "The final number is right.";
      if (comparison.place === "elsewhere") {
        return `The right number ${value} stands in the answer but not at its end. End with the final number.`;
      }
      return comparison.place === "wrong"
        ? `The form is right, the number is not: it should be ${value}. Work step by step.`
        : `The answer should be ${value}. Work step by step and end with the final number.`;
    }
    case "label": {
      const label = ideal.kind === "label" ? ideal.label : "";
      if (comparison.place === "alone") return "Exactly the expected answer.";
      if (comparison.place === "within") {
        return `The right answer ${label} is named, but other words surround it. Give the answer alone, nothing else.`;
      }
      const hints = contentWords(input).slice(0, HINT_WORDS).join(", ");
      return `The expected answer is exactly: ${label}. What tells it: the input mentions ${hints}.`;
    }
    case "points": {
      const sentences = [
        comparison.covered.length > 0 ? `Good: ${comparison.covered.join("; ")}.` : "",
        comparison.missing.length > 0 ? `Missing: ${comparison.missing.join("; ")}.` : "",
        comparison.tooLong ? `Too long with ${comparison.words} words: keep the answer brief.` : "",
        comparison.noBullets ? "Use bullet points." : "",
      ].filter((sentence) => sentence !== "");
      return sentences.join(" ") || "Everything that was asked for is there.";
    }
  }
}
