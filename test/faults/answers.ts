import { sha256 } from "../../src/base/digest.ts";
import type { Role } from "../../src/domain/spend.ts";
import type { Message } from "../../src/models/model.ts";

/**
 * The answer of every model in these tests: a pure function of what it is asked. Scores are drawn by content, so
 * nothing is ever solved and a job runs for all its iterations.
 */
export function answerOf(role: Role, messages: readonly Message[]): string {
  const draw = sha256(JSON.stringify(messages));
  switch (role) {
    case "target":
      return `After some thought: ${draw.slice(0, 12)}.`;
    case "judge":
      return JSON.stringify({
        feedback: `Speak of ${draw.slice(0, 6)}.`,
        score: 0.2 + shareOf(draw) * 0.6,
        criteria: {},
      });
    case "reflection":
      return JSON.stringify({
        components: { prompt: `You work at the ${deskIn(messages)}. Always speak of ${draw.slice(0, 6)}.` },
        rationale: `The feedback asks for ${draw.slice(0, 6)}.`,
        lesson: `It helps to speak of ${draw.slice(0, 6)}.`,
      });
  }
}

/** A number in [0, 1] drawn by a digest. */
export function shareOf(digest: string): number {
  return Number.parseInt(digest.slice(0, 4), 16) / 0xffff;
}

/** Contents of different jobs never meet: each job has a desk of its own, named in its prompt and in every input. */
function deskIn(messages: readonly Message[]): string {
  return /desk \d+/.exec(JSON.stringify(messages))?.[0] ?? "front desk";
}
