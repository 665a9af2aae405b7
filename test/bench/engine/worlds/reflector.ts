import { createRng, type Rng } from "../../../../src/base/rng.ts";
import { adviceIn, talkLine } from "./advice.ts";
import { hash53, uniform } from "./chance.ts";
import { readReflectionRequest, reply, type ReflectionAsk } from "./reflection-request.ts";
import { simulatedModel, type Stage } from "./simulated.ts";

/** How a simulated reflection model behaves; probabilities unless they say otherwise. */
export interface Habits {
  /** Most lines one free edit adds; it adds 1 … this many. */
  readonly adds: number;
  /** A free edit loses one line of the prompt while it rewrites. */
  readonly forgets: number;
  /** An edit adds a line of the model's own invention, good or bad. */
  readonly wanders: number;
  /** An edit adds a line that says nothing. */
  readonly pads: number;
  /** A line named in a rejected edit is left alone, and one named in a lesson is taken up. */
  readonly heeds: number;
  /** The answer is not in the form that was asked for. */
  readonly malformed: number;
  /** An edit goes by the model's own taste: what it would add first is the same whenever it is asked. Absent: never. */
  readonly insists?: number;
}

/** What a reflection model knows of the world: nothing but its language, and what it invents. */
export interface Mind {
  readonly seed: number;
  readonly habits: Habits;
  /** The component a line of advice is about. */
  componentOf(code: string): string;
  /** A line of the model's own invention for a component. */
  idea(component: string, rng: Rng): string;
}

/** A targeted operator changes little: what it adds at most, and how much of the free edit's clumsiness it keeps. */
interface Manner {
  readonly adds: number;
  readonly clumsiness: number;
  /** Lines without advice are dropped. */
  readonly trims: boolean;
}

/** Ideas a model that insists goes through before it thinks of something else. */
const FAVOURITES = 50;

/** Words by which an order is recognised, in the order they are looked for. */
const MANNERS: readonly { readonly words: RegExp; readonly manner: Manner }[] = [
  { words: /clarif/i, manner: { adds: 1, clumsiness: 0.5, trims: false } },
  { words: /tighten/i, manner: { adds: 1, clumsiness: 0.5, trims: true } },
  { words: /restructure/i, manner: { adds: 1, clumsiness: 1, trims: true } },
  { words: /\b(trim|cut)\b/i, manner: { adds: 0, clumsiness: 0.5, trims: true } },
  { words: /worked examples/i, manner: { adds: 1, clumsiness: 1, trims: false } },
  { words: /\b(style|tone)\b/i, manner: { adds: 1, clumsiness: 1, trims: false } },
];

function mannerOf(operator: string, habits: Habits): Manner {
  const known = MANNERS.find(({ words }) => words.test(operator));
  return known?.manner ?? { adds: habits.adds, clumsiness: 1, trims: false };
}

/** A reflection model that edits prompts by lines, from what the request shows and nothing else. */
export function lineEditor<M extends Mind>(stage: Stage, mind: M, by: Editor<M> = edit) {
  return simulatedModel(stage, "reflection", (request) => {
    const text = request.messages.map((m) => m.content).join("\n");
    const rng = createRng({ seed: hash53(text, mind.seed * 1000 + request.sampleIndex) });
    if (rng.random() < mind.habits.malformed) return "I would make the prompt clearer and more complete";
    return by(readReflectionRequest(request), mind, rng);
  });
}

/** Makes the edit a request asks for; the answer as the request wants it. */
export type Editor<M extends Mind> = (ask: ReflectionAsk, mind: M, rng: Rng) => string;

function edit(ask: ReflectionAsk, mind: Mind, rng: Rng): string {
  const { habits } = mind;
  const manner = mannerOf(ask.operator, habits);
  const insists = habits.insists !== undefined && rng.random() < habits.insists;
  const hints = hintsOf(ask, mind, rng, insists);
  const name = chooseComponent(ask, hints, rng);
  const about = headingOf(ask.prompts.get(name) ?? "") ?? name;
  let lines = (ask.prompts.get(name) ?? "").split("\n").filter((l) => l.trim() !== "");

  if (ask.others.size > 0) lines = crossed(lines, ask.others.get(name) ?? "", rng);
  const added = hints
    .filter((h) => h.component === about || about === "")
    .slice(0, 1 + rng.below(Math.max(1, manner.adds)));
  const fresh = manner.adds === 0 ? [] : added.map((h) => h.line);
  const idea = () => (insists ? firstIdea(ask, mind, about, fresh, rng) : mind.idea(about, rng));
  if (fresh.length === 0 && manner.adds > 0 && ask.others.size === 0) fresh.push(idea());
  if (rng.random() < habits.wanders * manner.clumsiness) fresh.push(idea());
  if (rng.random() < habits.pads * manner.clumsiness) fresh.push(talkLine(rng.random()));
  if (rng.random() < habits.forgets * manner.clumsiness) lines = forgetOne(lines, rng);
  if (manner.trims) lines = lines.filter((l, i) => i === 0 || adviceIn(l).length > 0);
  const present = new Set(lines.map((l) => l.trim()));
  for (const line of fresh) if (!present.has(line)) lines.splice(1 + rng.below(lines.length), 0, line);

  const codes = fresh.map((l) => adviceIn(l)[0]?.line ?? l).join(" ");
  return reply(
    ask,
    new Map(ask.asked.map((n) => [n, n === name ? lines.join("\n") : (ask.prompts.get(n) ?? "")])),
    `From the failures shown: ${codes}`,
    `It may help to add: ${codes}`,
  );
}

/** A line of advice that a request speaks for. */
export interface Hint {
  readonly code: string;
  readonly line: string;
  readonly component: string;
}

/**
 * Lines the feedback and the lessons name that the prompt has not: the most often named first, ties by chance; or
 * where it insists, by the model's taste.
 */
export function hintsOf(ask: ReflectionAsk, mind: Mind, rng: Rng, insists = false): Hint[] {
  const inPrompt = codesIn(ask.prompts.values());
  const refused = codesIn(ask.rejected);
  const weights = new Map<string, { line: string; weight: number }>();
  const name = (text: string, weight: number) => {
    for (const { code, line } of adviceIn(text)) {
      if (inPrompt.has(code)) continue;
      weights.set(code, { line, weight: (weights.get(code)?.weight ?? 0) + weight });
    }
  };
  for (const example of ask.examples) name(example.feedback, 1);
  for (const lesson of ask.lessons) if (rng.random() < mind.habits.heeds) name(lesson, 0.5);
  return [...weights]
    .filter(([code]) => !refused.has(code) || rng.random() >= mind.habits.heeds)
    .map(([code, { line, weight }]) => ({
      code,
      line,
      component: mind.componentOf(code),
      rank: insists ? uniform(mind.seed, "taste", code) : weight + rng.random() * 0.9,
    }))
    .sort((a, b) => b.rank - a.rank);
}

/** What the model likes best of what neither the prompt nor its edit nor, where it heeds them, a rejected edit holds. */
function firstIdea(
  ask: ReflectionAsk,
  mind: Mind,
  about: string,
  fresh: readonly string[],
  rng: Rng,
): string {
  const heeds = rng.random() < mind.habits.heeds;
  const spent = codesIn([...ask.prompts.values(), ...fresh, ...(heeds ? ask.rejected : [])]);
  const taste = createRng({ seed: hash53(`taste ${about}`, mind.seed) });
  for (let i = 0; i < FAVOURITES; i++) {
    const line = mind.idea(about, taste);
    if (!adviceIn(line).some(({ code }) => spent.has(code))) return line;
  }
  return mind.idea(about, rng);
}

/** The codes of all advice in some texts. */
function codesIn(texts: Iterable<string>): Set<string> {
  return new Set([...texts].flatMap((t) => adviceIn(t).map((a) => a.code)));
}

/** Of the components asked for, the one most hints are about; by chance where there is none. */
function chooseComponent(ask: ReflectionAsk, hints: readonly Hint[], rng: Rng): string {
  const names = ask.asked;
  const votes = names.map((name) => {
    const about = headingOf(ask.prompts.get(name) ?? "") ?? name;
    return hints.filter((h) => h.component === about).length;
  });
  const most = Math.max(...votes);
  return most === 0 ? rng.choice(names) : (names[votes.indexOf(most)] as string);
}

function headingOf(text: string): string | undefined {
  return /^\[([a-z_]+)\]$/m.exec(text)?.[1];
}

/** The lines of both parents, each of the second's taken with even chance. */
function crossed(lines: readonly string[], other: string, rng: Rng): string[] {
  const present = new Set(lines);
  const more = other
    .split("\n")
    .filter((l) => adviceIn(l).length > 0 && !present.has(l) && rng.random() < 0.5);
  return [...lines, ...more];
}

/** Loses one line of advice; the heading and the talk stay. */
export function forgetOne(lines: readonly string[], rng: Rng): string[] {
  const advice = lines.flatMap((l, i) => (adviceIn(l).length > 0 ? [i] : []));
  if (advice.length === 0) return [...lines];
  const lost = rng.choice(advice);
  return lines.filter((_, i) => i !== lost);
}
