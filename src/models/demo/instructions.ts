import { words } from "./text.ts";

/**
 * The orders a simulated model understands. `readInstructions` finds them in anybody's English; `writePrompt` says
 * them so that they are found again.
 */

/** "When the input mentions <term> or <term>, answer <label>." */
export interface LabelRule {
  readonly label: string;
  readonly terms: readonly string[];
}

/** What a prompt orders. */
export interface Instructions {
  /** Things the answer has to speak about. */
  readonly topics: readonly string[];
  /** Topics that are ordered with emphasis; overlooked less often. */
  readonly stressed: readonly string[];
  readonly brief: boolean;
  readonly maxSentences?: number;
  readonly bullets: boolean;
  /** The answers to choose from; empty for free answers. */
  readonly labels: readonly string[];
  /** The answer is to stand alone. */
  readonly alone: boolean;
  readonly rules: readonly LabelRule[];
  /** The answer is to end with its number. */
  readonly number: boolean;
  readonly stepByStep: boolean;
  /** The answer is to be checked before it is given; orders are overlooked less often. */
  readonly careful: boolean;
  /** Remarks that shape no simulated answer but are part of the prompt. */
  readonly notes: readonly string[];
}

/** Words by which people ask for few words. */
const BRIEF =
  /\b(?:brief(?:ly)?|concise(?:ly)?|succinct(?:ly)?|terse(?:ly)?|compact(?:ly)?|short|to the point)\b/i;
const BULLETS = /\b(?:bullets?|bulleted|bullet[- ]points?)\b/i;
const ALONE = /\b(?:nothing else|no other (?:text|words)|only the (?:label|answer|number)|alone)\b/i;
const NUMBER =
  /\b(?:end|finish|conclude) with the (?:final |resulting )?number\b|\b(?:final|only the) number\b/i;
const STEPS = /\bstep[- ]by[- ]step\b/i;
const CAREFUL = /\b(?:double[- ]?check|check) (?:your|the) answer\b/i;
const SENTENCES =
  /\b(?:at most|up to|no more than|in|within)\s+(\d{1,2}|one|two|three|four|five)\s+sentences?\b/i;
const TOPIC =
  /^(always |also |please |make sure to |be sure to )*(?:cover|mention|include|address|discuss|explain)s?\b:?\s+(.+)$/i;
const LABELS = /\bexactly one of(?: these| the following)?:?\s+(.+)$/i;
const RULE =
  /\bwhen the input (?:mentions|contains|is about)\s+(.+?),\s*(?:answer|reply|say)\s+(?:with\s+)?(.+)$/i;
const NOTE = /^Note:\s+(.+)$/;

const SMALL_NUMBERS: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3, four: 4, five: 5 };

/** Whether a text asks for few words. */
export function asksForBrevity(text: string): boolean {
  return BRIEF.test(text);
}

/** Whether a text asks for a bulleted list. */
export function asksForBullets(text: string): boolean {
  return BULLETS.test(text);
}

function listOf(text: string): string[] {
  return text
    .split(/;|,|\s+(?:and|or)\s+/)
    .map((item) => item.replace(/^[\s"'`]+|[\s"'`.]+$/g, ""))
    .filter((item) => item !== "");
}

/** Orders are one sentence each; a label may hold a dot, so only a dot before a space ends one. */
function sentencesOf(prompt: string): string[] {
  return prompt
    .split(/\n+|(?<=[.!?])\s+/)
    .map((sentence) => sentence.replace(/^[\s\-*•]+/, "").trim())
    .filter((sentence) => sentence !== "");
}

/** The orders found in a prompt. */
export function readInstructions(prompt: string): Instructions {
  const topics: string[] = [];
  const stressed: string[] = [];
  const labels: string[] = [];
  const notes: string[] = [];
  const rules: LabelRule[] = [];
  for (const sentence of sentencesOf(prompt)) {
    const rule = RULE.exec(sentence);
    const choice = LABELS.exec(sentence);
    const topic = TOPIC.exec(sentence);
    const note = NOTE.exec(sentence);
    if (rule?.[1] && rule[2]) rules.push({ label: bareLabel(rule[2]), terms: listOf(rule[1]) });
    else if (choice?.[1]) labels.push(...listOf(choice[1]));
    else if (note?.[1]) notes.push(note[1]);
    else if (topic?.[2]) (/always/i.test(topic[1] ?? "") ? stressed : topics).push(...topicsOf(topic[2]));
  }
  const limit = SENTENCES.exec(prompt)?.[1]?.toLowerCase();
  const maxSentences = limit === undefined ? undefined : (SMALL_NUMBERS[limit] ?? Number(limit));
  return {
    topics: [...new Set(topics)],
    stressed: [...new Set(stressed)],
    brief: asksForBrevity(prompt),
    ...(maxSentences === undefined ? {} : { maxSentences }),
    bullets: asksForBullets(prompt),
    labels: [...new Set(labels)],
    alone: ALONE.test(prompt),
    rules,
    number: NUMBER.test(prompt),
    stepByStep: STEPS.test(prompt),
    careful: CAREFUL.test(prompt),
    notes,
  };
}

function bareLabel(text: string): string {
  return text.replace(/(?:,? and nothing else)?\.?$/, "").replace(/^["'`]+|["'`]+$/g, "");
}

function topicsOf(text: string): string[] {
  return text.includes(";")
    ? text
        .split(";")
        .map((topic) => topic.replace(/[\s.]+$/, "").trim())
        .filter((topic) => topic !== "")
    : listOf(text);
}

/** The lines `writePrompt` makes; such lines of a prompt can be read, changed and written again. */
const OWN_LINE =
  /^(?:(?:Always cover|Cover): .+\.|Keep the answer brief\.|Use bullet points\.|Answer with exactly one of: .+\.|Give the answer alone, nothing else\.|When the input mentions .+, answer .+\.|Work step by step\.|End with the final number\.|Check your answer against every instruction above before you give it\.|Note: .+)$/;

/** Parts a prompt into the text people wrote and the order lines that can be rewritten. */
export function splitPrompt(prompt: string): { readonly text: string; readonly own: Instructions } {
  const lines = prompt.split("\n");
  const own = lines.filter((line) => OWN_LINE.test(line));
  const text = lines.filter((line) => !OWN_LINE.test(line)).join("\n");
  return { text: text.replace(/\n{3,}/g, "\n\n").trim(), own: readInstructions(own.join("\n")) };
}

/** The prompt that `splitPrompt` parts into this text and these instructions. */
export function writePrompt(text: string, own: Instructions): string {
  const lines = [
    own.stressed.length > 0 ? `Always cover: ${own.stressed.join("; ")}.` : "",
    own.topics.length > 0 ? `Cover: ${own.topics.join("; ")}.` : "",
    own.brief ? "Keep the answer brief." : "",
    own.bullets ? "Use bullet points." : "",
    own.labels.length > 0 ? `Answer with exactly one of: ${own.labels.join(", ")}.` : "",
    own.alone ? "Give the answer alone, nothing else." : "",
    ...own.rules.map((rule) => `When the input mentions ${rule.terms.join(" or ")}, answer ${rule.label}.`),
    own.stepByStep ? "Work step by step." : "",
    own.number ? "End with the final number." : "",
    ...own.notes.map((note) => `Note: ${note}`),
    own.careful ? "Check your answer against every instruction above before you give it." : "",
  ].filter((line) => line !== "");
  return [text, lines.join("\n")].filter((part) => part !== "").join("\n\n");
}

/** Everything two prompts order, each order once. */
export function joinInstructions(a: Instructions, b: Instructions): Instructions {
  const union = (x: readonly string[], y: readonly string[]) => [...new Set([...x, ...y])];
  const rules = b.rules.reduce((all, rule) => withRule(all, rule), a.rules);
  const stressed = union(a.stressed, b.stressed);
  return {
    topics: union(a.topics, b.topics).filter((topic) => !stressed.includes(topic)),
    stressed,
    brief: a.brief || b.brief,
    bullets: a.bullets || b.bullets,
    labels: union(a.labels, b.labels),
    alone: a.alone || b.alone,
    rules,
    number: a.number || b.number,
    stepByStep: a.stepByStep || b.stepByStep,
    careful: a.careful || b.careful,
    notes: union(a.notes, b.notes),
  };
}

/** Terms one rule can name; a longer list says nothing any more. */
const MAX_RULE_TERMS = 8;

/** The rules with one more, or with one that knows more terms. */
export function withRule(rules: readonly LabelRule[], rule: LabelRule): LabelRule[] {
  const known = rules.find((r) => r.label === rule.label);
  if (known === undefined) return [...rules, rule];
  const terms = [...new Set([...known.terms, ...rule.terms])].slice(0, MAX_RULE_TERMS);
  return rules.map((r) => (r === known ? { label: r.label, terms } : r));
}

/** Whether two short texts say the same words. */
export function sameWords(a: string, b: string): boolean {
  return words(a).join(" ") === words(b).join(" ");
}
