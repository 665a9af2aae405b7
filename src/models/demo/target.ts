import type { ModelRequest } from "../model.ts";
import { calculate } from "./arithmetic.ts";
import { type Instructions, readInstructions } from "./instructions.ts";
import { capitalise, chance, contentWords, stem, stems } from "./text.ts";

/**
 * `demo/target`: a simulated assistant that knows no facts but follows the orders it finds in its prompt. Without
 * orders its answers are on the subject, long and vague. Now and then it overlooks an order, as real models do, and
 * more often the longer its prompt is.
 */

/** Chance that an order is overlooked in a short prompt, and what a very long one adds. */
const SLIP = 0.06;
const SLIP_WHEN_LONG = 0.3;

/** Length at which a prompt counts as very long. */
const LONG_PROMPT_CHARACTERS = 8_000;

/** What emphasis, and being told to check the answer, each make of that chance. */
const ATTENTIVE = 0.5;

/** Subject words an answer speaks about. */
const SUBJECT_WORDS = 6;

/** Answers a request as an assistant with the given prompt would. */
export function targetAnswer(request: ModelRequest): string {
  const of = (role: string) =>
    request.messages
      .filter((message) => message.role === role)
      .map((message) => message.content)
      .join("\n\n");
  const input = of("user");
  const prompt = of("system") || input;
  const orders = readInstructions(prompt);
  const length = Math.min(1, prompt.length / LONG_PROMPT_CHARACTERS);
  const heeds = (order: string, stressed = false) => {
    const slip =
      (SLIP + SLIP_WHEN_LONG * length) * (stressed ? ATTENTIVE : 1) * (orders.careful ? ATTENTIVE : 1);
    return chance(order, prompt, input, String(request.sampleIndex)) >= slip;
  };
  if (orders.labels.length > 0 || orders.rules.length > 0) return labelAnswer(orders, input, heeds);
  if (orders.number || orders.stepByStep) return numberAnswer(orders, input, heeds);
  return freeAnswer(orders, input, heeds);
}

/** Whether an order is followed this time. */
type Heeds = (order: string, stressed?: boolean) => boolean;

/** Picks the label whose rule, and whose own words, meet the input best. */
function labelAnswer(orders: Instructions, input: string, heeds: Heeds): string {
  const said = stems(input);
  const rules = orders.rules.filter((rule) => heeds(rule.label));
  const uses = new Map<string, number>();
  for (const rule of rules)
    for (const term of new Set(rule.terms.map(stem))) uses.set(term, (uses.get(term) ?? 0) + 1);
  const labels = [...new Set([...orders.labels, ...orders.rules.map((rule) => rule.label)])];
  const weigh = (label: string) => {
    const terms = rules.filter((rule) => rule.label === label).flatMap((rule) => rule.terms.map(stem));
    const byRule = [...new Set(terms)].filter((term) => said.has(term));
    const byName = contentWords(label.replaceAll("_", " ")).filter((word) => said.has(stem(word)));
    const ruleWeight = byRule.reduce((sum, term) => sum + 1 / (uses.get(term) ?? 1), 0);
    return ruleWeight + byName.length * 0.4;
  };
  const ranked = labels
    .map((label) => ({ label, weight: weigh(label), tie: chance(label, input) }))
    .sort((a, b) => b.weight - a.weight || b.tie - a.tie);
  const label = ranked[0]?.label ?? "";
  return orders.alone && heeds("alone", true)
    ? label
    : `This looks like ${label} to me, judging by the wording.`;
}

/** Works the input's numbers out as its wording suggests; with care only where it is told to go step by step. */
function numberAnswer(orders: Instructions, input: string, heeds: Heeds): string {
  const { steps, result } = calculate(input, orders.stepByStep && heeds("steps"));
  const working = orders.stepByStep ? `${steps.join("\n")}\n` : "";
  if (orders.number && heeds("number", true)) return `${working}${result}`;
  return `${working}I make it ${result}, but please check this against the ${contentWords(input).length} details given.`;
}

function freeAnswer(orders: Instructions, input: string, heeds: Heeds): string {
  const terms = contentWords(input).slice(0, SUBJECT_WORDS);
  const subject = terms.length === 0 ? "this" : terms.join(" ");
  const topics = [
    ...orders.stressed.filter((topic) => heeds(topic, true)),
    ...orders.topics.filter((topic) => heeds(topic)),
  ];
  const sections = topics.map(
    (topic) => `${capitalise(topic)}: with regard to ${subject}, ${topic} should be weighed before deciding.`,
  );
  const brief = orders.brief && heeds("brief");
  const body = brief ? sections : [...sections, ...filler(subject)];
  const sentences = [`In short, this is about ${subject}.`, ...body];
  const kept =
    orders.maxSentences !== undefined && heeds("sentences")
      ? sentences.slice(0, orders.maxSentences)
      : sentences;
  return orders.bullets && heeds("bullets")
    ? kept.map((sentence) => `- ${sentence}`).join("\n")
    : kept.join(" ");
}

/** What an assistant says that was not told what matters. */
function filler(subject: string): string[] {
  return [
    `There is a great deal that could be said about ${subject}, and opinions on it differ from person to person and from place to place.`,
    `Some people begin with the background and the history, others prefer to go straight to the things they already know.`,
    `It often depends on the situation, on what has been tried before, and on how much time there is to look into the matter.`,
    `Broadly speaking, ${subject} has become more widely known over the years, and there are many sources that go into it at length.`,
    `Of course every case is different, so it is worth taking a moment to consider the circumstances as a whole.`,
    `I hope this gives you a general idea of ${subject}; do ask if you would like to hear more about any part of it.`,
  ];
}
