import type { ModelRequest } from "../../../../src/models/model.ts";

/** What a target is asked: the prompt under test, and which case of the world it is to answer. */
export interface TargetAsk {
  readonly prompt: string;
  readonly caseNumber: number;
}

/** The input of a case as every simulated world writes it. */
export function caseInput(caseNumber: number, topic: string): string {
  return `Case #${caseNumber}: a customer writes about ${topic}.`;
}

const CASE = /Case #(\d+): [^\n]*/;

/** Finds prompt and case in the messages: the system message is the prompt, or whatever stands around the case. */
export function readTargetRequest(request: ModelRequest): TargetAsk {
  const all = request.messages.map((m) => m.content).join("\n");
  const caseNumber = Number(CASE.exec(all)?.[1] ?? -1);
  const system = request.messages.filter((m) => m.role === "system").map((m) => m.content);
  return { prompt: system.length > 0 ? system.join("\n\n") : all.replace(CASE, ""), caseNumber };
}
