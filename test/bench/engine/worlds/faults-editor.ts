import type { Rng } from "../../../../src/base/rng.ts";
import { adviceIn, adviceLine, talkLine } from "./advice.ts";
import { demandsIn, shownBy, VAGUE, workedExample } from "./faults-text.ts";
import { type ReflectionAsk, reply } from "./reflection-request.ts";
import { forgetOne, type Habits, hintsOf, lineEditor, type Mind } from "./reflector.ts";
import type { Stage } from "./simulated.ts";

/** An ordinary reflection model, and how often a free rewrite does more than to add what the feedback names. */
export interface FaultsHabits extends Habits {
  /** A free rewrite also does what one of the targeted orders asks for. */
  readonly turns: number;
}

/** What the failures shown ask for, the most often named first. */
interface Asked {
  /** Lines that feedback and lessons say in full and the prompt has not. */
  readonly rules: readonly string[];
  /** Exact lines on form or tone the prompt has not. */
  readonly demands: readonly string[];
  /** Rules that were missed, stated or not; first those that were tried and done wrongly. */
  readonly missed: readonly { readonly code: string; readonly line: string }[];
  /** A rule in one sentence. */
  say(code: string): string;
}

/** A change of a prompt's lines; the first line, which is the task, stays first. */
type Deed = (lines: readonly string[], asked: Asked, rng: Rng) => string[];

/** An order by the words it is recognised by, in the order they are looked for, and what it literally asks for. */
interface Order {
  readonly words: RegExp;
  readonly deeds: readonly Deed[];
  /** How much of a free rewrite's clumsiness is left; little where the rest of the text is to stay as it is. */
  readonly clumsiness: number;
}

/** Rules a rewrite takes up beside its own order, and exact demands or worked examples it writes; at most. */
const A_FEW = 2;

const ORDERS: readonly Order[] = [
  { words: /clarif/i, deeds: [addOne], clumsiness: 0.5 },
  { words: /tighten/i, deeds: [sayExactly("FORM")], clumsiness: 0.5 },
  { words: /restructure/i, deeds: [addRules(A_FEW), dropTalk(1), putInOrder], clumsiness: 1 },
  { words: /replace the worked examples/i, deeds: [swapExamples], clumsiness: 0.5 },
  { words: /\b(trim|cut)\b/i, deeds: [trimExamples], clumsiness: 0.5 },
  { words: /worked examples/i, deeds: [addExamples], clumsiness: 0.5 },
  { words: /\b(style|tone)\b/i, deeds: [sayExactly("TONE"), dropTalk(0.5)], clumsiness: 1 },
];

/** A reflection model that does what the order says; a free rewrite adds rules, and only now and then does more. */
export function faultsEditor(stage: Stage, ownMind: Mind & { readonly habits: FaultsHabits }) {
  return lineEditor(stage, ownMind, (ask, mind, rng) => {
    const { habits } = mind;
    const [name = "", text = ""] = [...ask.prompts][0] ?? [];
    const own = text.split("\n").filter((l) => l.trim() !== "");
    const asked = whatIsAsked(ask, mind, rng);
    const order = ORDERS.find(({ words }) => words.test(ask.operator)) ?? freeRewrite(habits, rng);

    let lines = joined(own, ask.others.get(name), rng);
    for (const deed of order.deeds) lines = deed(lines, asked, rng);
    const happens = (chance: number) => rng.random() < chance * order.clumsiness;
    if (same(lines, own)) lines = insert(lines, [mind.idea("prompt", rng)], rng);
    if (happens(habits.wanders)) lines = insert(lines, [mind.idea("prompt", rng)], rng);
    if (happens(habits.pads)) lines = insert(lines, [talkLine(rng.random())], rng);
    if (happens(habits.forgets)) lines = forgetOne(lines, rng);

    const fresh = lines.filter((l) => !own.includes(l)).join(" ");
    const lesson = fresh === "" ? "" : `It may help to add: ${fresh}`;
    return reply(ask, new Map([[name, lines.join("\n")]]), `From the failures shown: ${fresh}`, lesson);
  });
}

/** "Add every fact and rule the feedback names": some of them, and now and then what a targeted order would ask for. */
function freeRewrite({ adds, turns }: FaultsHabits, rng: Rng): Omit<Order, "words"> {
  const more = rng.random() < turns ? rng.choice(ORDERS).deeds : [];
  return { deeds: [addRules(adds), ...more], clumsiness: 1 };
}

/** What the grader says of a rule that was noticed and not grasped. */
const WRONGLY = /did not do this rightly: \[([A-Z]+-\d+)\]/g;

/** A demand that is named by its code alone can be said exactly by who is asked to; what is said in full anybody can copy. */
function whatIsAsked(ask: ReflectionAsk, mind: Mind, rng: Rng): Asked {
  const say = (code: string) => adviceLine(mind.seed, code);
  const inFull = ask.examples.map((e) => ({
    ...e,
    feedback: [e.feedback, ...demandsIn(e.feedback).map(say)].join(" "),
  }));
  const demands = hintsOf({ ...ask, examples: inFull }, mind, rng).filter((h) => isDemand(h.code));
  const missed = hintsOf({ ...ask, prompts: new Map(), rejected: [], lessons: [] }, mind, rng);
  const wrongly = new Set(ask.examples.flatMap((e) => [...e.feedback.matchAll(WRONGLY)].map((m) => m[1])));
  return {
    rules: hintsOf(ask, mind, rng).map((h) => h.line),
    demands: demands.map((h) => h.line),
    missed: [...missed.filter((m) => wrongly.has(m.code)), ...missed.filter((m) => !wrongly.has(m.code))],
    say,
  };
}

const isDemand = (code: string) => /^(FORM|TONE)-/.test(code);

/** All lines of the first, and of the second's each that says something new with even chance. */
function joined(lines: readonly string[], other: string | undefined, rng: Rng): string[] {
  const more = (other ?? "").split("\n").filter((l) => says(l) && !lines.includes(l) && rng.random() < 0.5);
  return [...lines, ...more];
}

/** Whether a line states or shows anything. */
const says = (line: string) => adviceIn(line).length > 0 || shownBy(line) !== undefined;

const same = (a: readonly string[], b: readonly string[]) => a.join("\n") === b.join("\n");

/** Puts each line that is new somewhere below the first. */
function insert(lines: readonly string[], fresh: readonly string[], rng: Rng): string[] {
  const all = [...lines];
  for (const line of fresh) if (!all.includes(line)) all.splice(1 + rng.below(all.length), 0, line);
  return all;
}

/** Takes up one or more of the lines said in full. */
function addRules(most: number): Deed {
  return (lines, { rules }, rng) => insert(lines, rules.slice(0, 1 + rng.below(most)), rng);
}

/** "Add one clarifying instruction that would have prevented the failures": a rule or an exact demand, whichever there is. */
function addOne(lines: readonly string[], { rules, demands }: Asked, rng: Rng): string[] {
  const first = [...rules.slice(0, 1), ...demands.slice(0, 1)];
  return first.length === 0 ? [...lines] : insert(lines, [rng.choice(first)], rng);
}

/** "Say exactly … in which form", or "change tone … so that answers fit what the feedback asks for". */
function sayExactly(kind: "FORM" | "TONE"): Deed {
  return (lines, { demands }, rng) =>
    insert(lines, demands.filter((d) => d.startsWith(`[${kind}`)).slice(0, A_FEW), rng);
}

/** "As a short list": lines that say nothing go, each with some probability, and so do repetitions. */
function dropTalk(share: number): Deed {
  return (lines, _asked, rng) =>
    lines.filter(
      (line, i) =>
        i === 0 || (says(line) ? lines.indexOf(line) === i : VAGUE.includes(line) || rng.random() >= share),
    );
}

/** "Task first, then rules in order of importance, then the form": what was missed most stands first. */
function putInOrder(lines: readonly string[], { missed }: Asked): string[] {
  const rank = (line: string) => {
    const code = adviceIn(line)[0]?.code ?? shownBy(line);
    if (code === undefined || isDemand(code)) return missed.length + 1;
    const place = missed.findIndex((m) => m.code === code);
    return place < 0 ? missed.length : place;
  };
  const [task = "", ...rest] = lines;
  return [task, ...rest.toSorted((a, b) => rank(a) - rank(b))];
}

/** "Add one or two short worked examples of your own making that show the rule the feedback asks for." */
function addExamples(lines: readonly string[], { missed }: Asked, rng: Rng): string[] {
  const fresh = missed.map((m) => workedExample(m.line, m.code)).filter((e) => !lines.includes(e));
  return insert(lines, fresh.slice(0, 1 + rng.below(A_FEW)), rng);
}

/** "Replace the worked examples in the text by better ones that cover the failures shown": as many as there were. */
function swapExamples(lines: readonly string[], { missed }: Asked, rng: Rng): string[] {
  const count = lines.filter((l) => shownBy(l) !== undefined).length;
  const kept = lines.filter((l) => shownBy(l) === undefined);
  return insert(
    kept,
    missed.slice(0, count).map((m) => workedExample(m.line, m.code)),
    rng,
  );
}

/** "Cut worked examples and repetitions that do not help with the failures shown, and put the rule they stand for in one sentence." */
function trimExamples(lines: readonly string[], { missed, say }: Asked, rng: Rng): string[] {
  const isCut = (line: string) => {
    const code = shownBy(line);
    return code !== undefined && !missed.some((m) => m.code === code);
  };
  const kept = lines.filter((line, i) => !isCut(line) && (!says(line) || lines.indexOf(line) === i));
  const stoodFor = lines.filter(isCut).map((line) => say(shownBy(line) ?? ""));
  return insert(kept, stoodFor, rng);
}
