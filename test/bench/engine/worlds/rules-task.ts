import type { Components, Example, Split } from "../../../../src/domain/spec.ts";
import { promptText } from "../../../../src/domain/spec.ts";
import { createRng, type Rng } from "../../../../src/base/rng.ts";
import { adviceIn, adviceLine, sectionsOf, topicOf } from "./advice.ts";
import { type AttentionDecay, attentionTo } from "./attention.ts";
import { correlatedUniform, hash53, uniform } from "./chance.ts";
import { type Habits, lineEditor } from "./reflector.ts";
import { simulatedGrader, simulatedModel, type Stage } from "./simulated.ts";
import { caseInput, readTargetRequest } from "./target-request.ts";
import type { OpenWorld } from "./world.ts";

/**
 * Tasks of hidden rules. Every case needs a few of them. The target follows a rule the prompt states with a probability
 * that falls with the length of the prompt and towards its middle; a rule that is not stated it follows now and then.
 */
export interface RulesTask extends AttentionDecay {
  /** Components; a single one is named "prompt". */
  readonly components: readonly string[];
  readonly rulesPerComponent: number;
  /** Rules of each component the seed prompt states already. */
  readonly rulesInSeed: number;
  /** Components a case touches, and fewest and most rules it needs of each. */
  readonly componentsPerCase: number;
  readonly needsPerComponent: readonly [number, number];
  /** Rule k of a component is needed with weight 1 / (k + 1) ** skew. */
  readonly skew: number;
  readonly examples: Readonly<Record<Split, number>>;
  /** Probability of following a rule that is stated alone, and one that is not stated. */
  readonly followsStated: number;
  readonly followsUnstated: number;
  /** Share of rules that hinder one rule of another component (or of the same, if there is but one) when stated. */
  readonly conflicts: number;
  /** Lines that look like advice and hinder: how many there are, and what is left of the rules they hinder. */
  readonly distractions: number;
  readonly hindered: number;
  /** Share of the luck that belongs to the case and not to the prompt. */
  readonly luckOfCase: number;
  /** "fraction" of the needed rules, or of the touched components in which "every" needed rule was followed. */
  readonly score: "fraction" | "every";
  /** Probability that feedback names a rule that was missed, and that what it names is wrong. */
  readonly feedbackNames: number;
  readonly feedbackWrong: number;
  readonly reflection: Habits;
}

/** Fresh cases the true score is taken over; their luck is integrated out, so this is the only sampling error. */
const TRUTH_CASES = 1_500;

/** Prompts whose reading is remembered. */
const READ_PROMPTS = 256;

interface Rule {
  readonly code: string;
  readonly line: string;
  readonly component: string;
  readonly weight: number;
}

/** Opens a task of hidden rules for a seed. */
export function openRulesTask(name: string, task: RulesTask, seed: number, stage: Stage): OpenWorld {
  const rules = task.components.flatMap((component) =>
    Array.from({ length: task.rulesPerComponent }, (_, k): Rule => {
      const code = codeOf(component, k);
      return { code, line: adviceLine(seed, code), component, weight: (k + 1) ** -task.skew };
    }),
  );
  const ruleOf = new Map(rules.map((r) => [r.code, r]));
  const distractions = Array.from({ length: task.distractions }, (_, k) => adviceLine(seed, codeOf("x", k)));
  const hindrances = hindrancesOf(task, rules, seed);
  const examples = casesOf(task, rules, seed);
  const needs = new Map(examples.map((e) => [e.caseNumber, e.needs]));

  const read = remember(READ_PROMPTS, (prompt: string) => ({
    key: hash53(prompt),
    follows: followChances(prompt, task, ruleOf, hindrances),
  }));

  const target = simulatedModel(stage, "target", (request) => {
    const ask = readTargetRequest(request);
    const { key, follows } = read(ask.prompt);
    const followed = (needs.get(ask.caseNumber) ?? []).filter((r) => {
      const shared = [seed, "luck", ask.caseNumber, r.code];
      const own = [seed, "luck", ask.caseNumber, r.code, key, request.sampleIndex];
      return correlatedUniform(task.luckOfCase, shared, own) < follows(r);
    });
    return `Answer to case ${ask.caseNumber}. Followed: ${followed.map((r) => r.code).join(", ") || "nothing"}.`;
  });

  const grader = simulatedGrader(stage, name, "code", ({ example, output }) => {
    const needed = needs.get(Number(example.id)) ?? [];
    const followed = new Set(output.match(/[A-Z]+-\d+/g) ?? []);
    const missed = needed.filter((r) => !followed.has(r.code));
    const score = scoreOf(task, needed, (r) => (followed.has(r.code) ? 1 : 0));
    return {
      score,
      feedback: feedbackOn(missed, task, rules, distractions, [seed, "feedback", output]),
      objectives: {},
    };
  });

  const reflection = lineEditor(stage, {
    seed,
    habits: task.reflection,
    componentOf: (code) => ruleOf.get(code)?.component ?? "",
    idea: (component, rng) => {
      const own = rules.filter((r) => r.component === component || component === "");
      return rng.random() < 0.3 && own.length > 0 ? rng.choice(own).line : rng.choice(distractions);
    },
  });

  const fresh = Array.from({ length: TRUTH_CASES }, (_, i) =>
    needsOf(task, rules, createRng({ seed: hash53(`truth ${seed} ${i}`) })),
  );
  const trueScore = (components: Components) => {
    const { follows } = read(promptText(components));
    const chance = new Map(rules.map((r) => [r, follows(r)]));
    return (
      fresh.reduce((sum, needed) => sum + scoreOf(task, needed, (r) => chance.get(r) ?? 0), 0) / fresh.length
    );
  };

  return {
    examples: examples.map((e) => e.example),
    components: seedPrompt(task, rules),
    target,
    reflection,
    grader,
    trueScore,
  };
}

const codeOf = (component: string, k: number) =>
  `${component.toUpperCase().replaceAll("_", "")}-${String(k + 1).padStart(2, "0")}`;

function seedPrompt(task: RulesTask, rules: readonly Rule[]): Components {
  const texts = task.components.map((component) => {
    const heading = task.components.length > 1 ? [`[${component}]`] : [];
    // The rules a user thinks of first are not the ones that matter most: the seed states those from the middle of the list.
    const own = rules.filter((r) => r.component === component);
    const known = own.slice(Math.floor(own.length / 2)).slice(0, task.rulesInSeed);
    return [
      component,
      [...heading, "You answer letters from customers.", ...known.map((r) => r.line)].join("\n"),
    ];
  });
  return Object.fromEntries(texts);
}

function casesOf(task: RulesTask, rules: readonly Rule[], seed: number) {
  const cases: { example: Example; caseNumber: number; needs: readonly Rule[] }[] = [];
  for (const split of ["train", "validation", "test"] as const) {
    for (let i = 0; i < task.examples[split]; i++) {
      const caseNumber = cases.length + 1;
      const needs = needsOf(task, rules, createRng({ seed: hash53(`case ${seed} ${caseNumber}`) }));
      const topic = needs.map((r) => topicOf(r.line)).join(", and ");
      cases.push({
        example: { id: String(caseNumber), input: caseInput(caseNumber, topic), split },
        caseNumber,
        needs,
      });
    }
  }
  return cases;
}

function needsOf(task: RulesTask, rules: readonly Rule[], rng: Rng): Rule[] {
  const [fewest, most] = task.needsPerComponent;
  return rng.sample(task.components, task.componentsPerCase).flatMap((component) => {
    const pool = rules.filter((r) => r.component === component);
    const count = fewest + rng.below(most - fewest + 1);
    return Array.from({ length: count }, () => {
      const chosen = rng.weighted(
        pool,
        pool.map((r) => r.weight),
      );
      pool.splice(pool.indexOf(chosen), 1);
      return chosen;
    });
  });
}

/** Which rules each line of advice hinders, by its code. */
function hindrancesOf(
  task: RulesTask,
  rules: readonly Rule[],
  seed: number,
): ReadonlyMap<string, ReadonlySet<string>> {
  const map = new Map<string, ReadonlySet<string>>();
  for (let k = 0; k < task.distractions; k++) {
    const code = codeOf("x", k);
    map.set(
      code,
      new Set(rules.filter((r) => uniform(seed, "hinders", code, r.code) < 1 / 3).map((r) => r.code)),
    );
  }
  for (const rule of rules) {
    if (uniform(seed, "conflict", rule.code) >= task.conflicts) continue;
    const others = rules.filter((r) =>
      task.components.length > 1 ? r.component !== rule.component : r !== rule,
    );
    const hindered = others[Math.floor(uniform(seed, "conflict with", rule.code) * others.length)];
    if (hindered) map.set(rule.code, new Set([hindered.code]));
  }
  return map;
}

/** The probability that each rule is followed under a prompt, whoever needs it. */
function followChances(
  prompt: string,
  task: RulesTask,
  ruleOf: ReadonlyMap<string, Rule>,
  hindrances: ReadonlyMap<string, ReadonlySet<string>>,
): (rule: Rule) => number {
  const attention = new Map<string, number>();
  for (const { lines } of sectionsOf(prompt)) {
    for (const [i, line] of lines.entries()) {
      const here = attentionTo(i, lines.length, task);
      for (const { code } of adviceIn(line)) attention.set(code, Math.max(attention.get(code) ?? 0, here));
    }
  }
  const hindering = [...attention.keys()].flatMap((code) => hindrances.get(code) ?? []);
  const cache = new Map<string, number>();
  return (rule) => {
    const known = cache.get(rule.code);
    if (known !== undefined) return known;
    const own = attention.get(rule.code);
    const stated = own !== undefined && ruleOf.has(rule.code) ? task.followsStated * own : 0;
    const hinders = hindering.filter((set) => set.has(rule.code)).length;
    const p = Math.max(task.followsUnstated, stated) * task.hindered ** hinders;
    cache.set(rule.code, p);
    return p;
  };
}

/**
 * The score of a case, given for each rule whether it was followed (0 or 1), or its probability: rules are followed
 * independently, so the same sum and product give the expected score.
 */
function scoreOf(task: RulesTask, needed: readonly Rule[], followed: (rule: Rule) => number): number {
  if (needed.length === 0) return 1;
  if (task.score === "fraction") return needed.reduce((sum, r) => sum + followed(r), 0) / needed.length;
  const parts = new Map<string, number>();
  for (const r of needed) parts.set(r.component, (parts.get(r.component) ?? 1) * followed(r));
  return [...parts.values()].reduce((a, b) => a + b, 0) / parts.size;
}

function feedbackOn(
  missed: readonly Rule[],
  task: RulesTask,
  rules: readonly Rule[],
  distractions: readonly string[],
  key: readonly (string | number)[],
): string {
  if (missed.length === 0) return "Good: nothing is missing.";
  const sentences = missed.map((rule) => {
    if (uniform(...key, rule.code, "names") >= task.feedbackNames)
      return "Something the customer needs is missing.";
    if (uniform(...key, rule.code, "wrong") >= task.feedbackWrong)
      return `It should have followed: ${rule.line}`;
    const wrong = [...rules.map((r) => r.line), ...distractions];
    return `It should have followed: ${wrong[Math.floor(uniform(...key, rule.code, "which") * wrong.length)]}`;
  });
  return sentences.join(" ");
}

/** Remembers the last `size` answers of a pure function of a text. */
export function remember<T>(size: number, of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = of(text);
    if (known.size >= size) known.delete(known.keys().next().value as string);
    known.set(text, value);
    return value;
  };
}
