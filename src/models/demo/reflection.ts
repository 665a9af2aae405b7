import { type FencedText, unfence } from "../../domain/fence.ts";
import { ModelError, type ModelRequest } from "../model.ts";
import { compare, readIdeal } from "./ideal.ts";
import { PLAIN, readPlainRequest } from "./plain-request.ts";
import {
  asksForBrevity,
  type Instructions,
  joinInstructions,
  type LabelRule,
  readInstructions,
  sameWords,
  splitPrompt,
  withRule,
  writePrompt,
} from "./instructions.ts";
import { chance, contentWords, stem } from "./text.ts";

/**
 * `demo/reflection`: a simulated reflection model. It compares outputs with ideals and feedback, and makes a small
 * edit of the prompt: a few of the orders that would have helped, not all at once. It turns away from edits it is told
 * were rejected.
 */

/** One order it would like to add: what it does, what it costs of the edit's room, how it is said in a rationale. */
interface Wish {
  readonly key: string;
  readonly cost: number;
  readonly says: string;
  readonly apply: (own: Instructions) => Instructions;
}

/** One tried example as the request shows it. */
interface Tried {
  readonly input: string;
  readonly output: string;
  readonly ideal?: string;
  readonly feedback: string;
}

/** Room of one edit. A topic takes two, everything smaller one: a step is one topic and one order of form, or three rules. */
const ROOM = 3;

/** Words a new rule names. */
const TERMS_PER_RULE = 3;

/** Of a feedback that names nothing known, this much is noted in the prompt. */
const MAX_NOTE_CHARACTERS = 120;

/** Beyond this length nothing is added to a prompt any more; it would only distract. */
const MAX_PROMPT_CHARACTERS = 8_000;

/** "a, b and c". */
const SENTENCE = new Intl.ListFormat("en-GB", { type: "conjunction" });

/**
 * Proposes an edit: JSON `{components, rationale, lesson}`, or of a request in gepa's own form the new text alone, in a
 * code fence. Rejects a request that holds no prompt to edit.
 */
export function reflectionAnswer(request: ModelRequest): string {
  const text = request.messages.map((message) => message.content).join("\n\n");
  const plain = readPlainRequest(text);
  if (plain === undefined) return JSON.stringify(propose(unfence(text), request));
  const { components, rationale } = propose(plain, request);
  return `${rationale}\n\`\`\`\n${components[PLAIN] ?? ""}\n\`\`\``;
}

interface Edit {
  readonly components: Readonly<Record<string, string>>;
  readonly rationale: string;
  readonly lesson: string;
}

function propose(fenced: readonly FencedText[], request: ModelRequest): Edit {
  const current = promptsOf(fenced, "current_prompt.");
  const other = promptsOf(fenced, "other_prompt.");
  const asked = askedFor(request) ?? [...current.keys()];
  const name = asked.find((candidate) => current.has(candidate));
  if (name === undefined) {
    throw new ModelError(
      "bad_request",
      "demo/reflection answers only requests that hold a prompt to improve.",
    );
  }
  const prompt = current.get(name) ?? "";
  const { text: free, own } = splitPrompt(prompt);
  const base = joinInstructions(own, splitPrompt(other.get(name) ?? "").own); // the other parent of a crossover
  const known = [...current.values()].reduce(
    (sum, part) => joinInstructions(sum, readInstructions(part)),
    base,
  );
  const wishes = prompt.length > MAX_PROMPT_CHARACTERS ? [] : wishesOf(triedOf(fenced), known);
  const rejected = fenced.filter((part) => part.label === "rejected_edit").map((part) => part.text);
  const chosen = choose(wishes, rejected, base);
  const edited = writePrompt(
    free,
    chosen.reduce((sum, wish) => wish.apply(sum), base),
  );
  const what = SENTENCE.format(chosen.map((wish) => wish.says)) || "joins the orders of both parents";
  return {
    components: Object.fromEntries(asked.map((n) => [n, n === name ? edited : (current.get(n) ?? "")])),
    rationale: `The new text ${what}.`,
    lesson: chosen[0] === undefined ? "" : `It helps when the prompt ${chosen[0].says}.`,
  };
}

function promptsOf(fenced: readonly FencedText[], prefix: string): Map<string, string> {
  const prompts = fenced.filter((part) => part.label.startsWith(prefix));
  return new Map(prompts.map((part) => [part.label.slice(prefix.length), part.text]));
}

/** The components the answer's schema asks for; undefined where it names none. */
function askedFor(request: ModelRequest): string[] | undefined {
  const schema = request.responseSchema?.schema as
    | { readonly properties?: { readonly components?: { readonly required?: readonly string[] } } }
    | undefined;
  const names = schema?.properties?.components?.required;
  return names === undefined || names.length === 0 ? undefined : [...names];
}

/** Examples in the order of the request; each begins with its input. */
function triedOf(fenced: readonly FencedText[]): Tried[] {
  const tried: { input: string; output: string; ideal?: string; feedback: string }[] = [];
  for (const { label, text } of fenced) {
    const last = tried.at(-1);
    if (label === "input") tried.push({ input: text, output: "", feedback: "" });
    else if (last === undefined) continue;
    else if (label === "output") last.output = text;
    else if (label === "ideal") last.ideal = text;
    else if (label === "feedback") last.feedback = text;
  }
  return tried;
}

/** Everything that would have helped, most telling first, each once. */
function wishesOf(tried: readonly Tried[], known: Instructions): Wish[] {
  const all = tried.flatMap((example) => wishesOfOne(example, tried, known));
  return [...new Map(all.map((wish) => [wish.key, wish])).values()];
}

function wishesOfOne(example: Tried, tried: readonly Tried[], known: Instructions): Wish[] {
  const ideal = readIdeal(example.ideal, example.feedback);
  const comparison = compare(ideal, example.input, example.output);
  switch (comparison.kind) {
    case "number":
      return comparison.place === "end"
        ? []
        : [
            ...(known.number ? [] : [flag("number", "asks for the number at the end")]),
            ...(known.stepByStep ? [] : [flag("stepByStep", "asks for working step by step")]),
          ];
    case "label":
      return comparison.place === "alone" || ideal.kind !== "label"
        ? []
        : labelWishes(example, ideal.label, comparison.place === "missing", tried, known);
    case "points": {
      const missing = example.ideal === undefined ? missingOf(example.feedback) : comparison.missing;
      const wishes = missing.map((point) => topicWish(point, known));
      const tooLong = comparison.tooLong || asksForBrevity(example.feedback);
      if (tooLong && !known.brief) wishes.push(flag("brief", "asks for brevity"));
      if (comparison.noBullets && !known.bullets) wishes.push(flag("bullets", "asks for bullet points"));
      return wishes.length > 0 ? wishes : noteWishes(example.feedback, known);
    }
  }
}

/** "Missing: a; b." in a feedback. */
function missingOf(feedback: string): string[] {
  const list = /Missing:\s*([^.\n]+)/i.exec(feedback)?.[1] ?? "";
  return list
    .split(";")
    .map((point) => point.trim())
    .filter((point) => point !== "");
}

function flag(name: "brief" | "bullets" | "number" | "stepByStep" | "alone" | "careful", says: string): Wish {
  return { key: name, cost: 1, says, apply: (own) => ({ ...own, [name]: true }) };
}

/** A topic that is ordered already and was overlooked is stressed. */
function topicWish(point: string, known: Instructions): Wish {
  const isThere = known.topics.some((topic) => sameWords(topic, point));
  const without = (own: Instructions) => own.topics.filter((topic) => !sameWords(topic, point));
  return {
    key: `topic ${point.toLowerCase()}`,
    cost: 2,
    says: `${isThere ? "stresses" : "asks for"} ${point}`,
    apply: (own) =>
      isThere
        ? { ...own, topics: without(own), stressed: [...own.stressed, point] }
        : { ...own, topics: [...without(own), point] },
  };
}

function labelWishes(
  example: Tried,
  label: string,
  isWrong: boolean,
  tried: readonly Tried[],
  known: Instructions,
): Wish[] {
  const seen = tried.map((other) => other.ideal?.trim() ?? "").filter((text) => text !== "");
  const unnamed = [...new Set(seen)].filter((name) => !known.labels.includes(name));
  const wishes: Wish[] = [];
  if (unnamed.length > 0) {
    const apply = (own: Instructions) => ({ ...own, labels: [...new Set([...own.labels, ...unnamed])] });
    wishes.push({
      key: `labels ${unnamed.join()}`,
      cost: 1,
      says: "names the answers to choose from",
      apply,
    });
  }
  if (!known.alone) wishes.push(flag("alone", "asks for the answer alone"));
  const rule = isWrong ? ruleFor(example, label, tried, known) : undefined;
  if (rule !== undefined) {
    const says = `ties ${rule.label} to ${rule.terms.join(", ")}`;
    const apply = (own: Instructions) => ({ ...own, rules: withRule(own.rules, rule) });
    wishes.push({ key: `rule ${rule.label} ${rule.terms.join()}`, cost: 1, says, apply });
  }
  return wishes;
}

/** Words that tell this input from those with other answers; words of the label itself come first. */
function ruleFor(
  example: Tried,
  label: string,
  tried: readonly Tried[],
  known: Instructions,
): LabelRule | undefined {
  const others = tried
    .filter((other) => other.ideal?.trim() !== label)
    .flatMap((other) => contentWords(other.input));
  const taken = new Set(
    [...others, ...known.rules.filter((rule) => rule.label !== label).flatMap((rule) => rule.terms)].map(
      stem,
    ),
  );
  const own = new Set(contentWords(label.replaceAll("_", " ")).map(stem));
  const free = contentWords(example.input).filter((word) => !taken.has(stem(word)));
  const terms = [...free].sort(
    (a, b) => Number(own.has(stem(b))) - Number(own.has(stem(a))) || b.length - a.length,
  );
  return terms.length === 0 ? undefined : { label, terms: terms.slice(0, TERMS_PER_RULE) };
}

/** What feedback says that asks for a change. */
const ASKS_FOR_CHANGE =
  /\b(?:should|must|needs?|lacks?|missing|wrong|too|not|never|add|use|avoid|expected)\b/i;

/** Feedback that fits no other order is noted in its own words. */
function noteWishes(feedback: string, known: Instructions): Wish[] {
  if (!ASKS_FOR_CHANGE.test(feedback)) return [];
  const words = feedback.replace(/^Score [\d.]+ of 1\.\s*/, "").trim();
  const sentence = /^[^.!?\n]+/.exec(words)?.[0]?.slice(0, MAX_NOTE_CHARACTERS).trim() ?? "";
  if (sentence === "" || known.notes.includes(`${sentence}.`)) return [];
  return [
    {
      key: `note ${sentence}`,
      cost: 1,
      says: "keeps the feedback in mind",
      apply: (own) => ({ ...own, notes: [...own.notes, `${sentence}.`] }),
    },
  ];
}

/**
 * Fills the room of one edit. Wishes go in their own order, but those of a rejected edit go last, and an edit that
 * would repeat a rejected one is varied.
 */
function choose(wishes: readonly Wish[], rejected: readonly string[], base: Instructions): Wish[] {
  const refused = new Set(rejected.flatMap((text) => orderKeys(readInstructions(text))));
  const isNew = (wish: Wish) => {
    const before = new Set(orderKeys(base));
    return !orderKeys(wish.apply(base)).some((key) => !before.has(key) && refused.has(key));
  };
  const ordered = [...wishes.filter(isNew), ...wishes.filter((wish) => !isNew(wish))];
  const varied =
    rejected.length > 0 && chance(...rejected) < 0.5 ? ordered.slice(1).concat(ordered.slice(0, 1)) : ordered;
  const chosen: Wish[] = [];
  let room = ROOM;
  for (const wish of varied) {
    if (wish.cost > room) continue;
    chosen.push(wish);
    room -= wish.cost;
  }
  if (!base.careful && (chosen.length === 0 || rejected.length > 1)) {
    chosen.push(flag("careful", "asks for a check of the answer"));
  }
  return chosen;
}

/** Orders as comparable texts. */
function orderKeys(orders: Instructions): string[] {
  return [
    ...orders.topics.map((topic) => `topic ${topic.toLowerCase()}`),
    ...orders.stressed.map((topic) => `stressed ${topic.toLowerCase()}`),
    ...orders.labels.map((label) => `label ${label}`),
    ...orders.rules.flatMap((rule) => rule.terms.map((term) => `rule ${rule.label} ${term}`)),
    ...orders.notes.map((note) => `note ${note}`),
    ...(["brief", "bullets", "alone", "number", "stepByStep", "careful"] as const).filter(
      (name) => orders[name],
    ),
  ];
}
