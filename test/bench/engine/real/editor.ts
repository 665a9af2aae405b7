import { createRng, type Rng } from "../../../../src/base/rng.ts";
import { hash53 } from "../worlds/chance.ts";
import { readReflectionRequest, reply, type ShownExample } from "../worlds/reflection-request.ts";
import { simulatedModel, type Stage } from "../worlds/simulated.ts";
import { type PromptLine, readPrompt, writePrompt } from "./classifier-prompt.ts";

/**
 * A scripted reflection model for the nearest-sentence classifier. It edits descriptions and demonstrations from the
 * failures the request shows, and knows nothing else: not the labels, not the encoder, not the other examples.
 */
export function promptEditor(stage: Stage, seed: number) {
  return simulatedModel(stage, "reflection", (request) => {
    const ask = readReflectionRequest(request);
    const text = request.messages.map((m) => m.content).join("\n");
    const rng = createRng({ seed: hash53(text, seed * 1000 + request.sampleIndex) });
    const [name, current] = [...ask.prompts][0] ?? ["", ""];
    const other = [...ask.others.values()][0];
    const failures = ask.examples.flatMap((e) => failureOf(e) ?? []);
    const edited = edit(readPrompt(current), failures, ask.operator, rng, other);
    const labels = [...new Set(failures.map((f) => f.wanted))].join(", ");
    return reply(
      ask,
      new Map([[name, writePrompt(edited)]]),
      `Made clearer what belongs to: ${labels}.`,
      `Questions about ${labels} were taken for something else; show how they are asked.`,
    );
  });
}

/** An example that went wrong: what was asked, and the label that was wanted. */
interface Failure {
  readonly question: string;
  readonly wanted: string;
}

/** The grader's words are "Expected <label>, got <label>."; a right answer has no such sentence. */
function failureOf(example: ShownExample): Failure | undefined {
  const wanted = /Expected ([a-z0-9_]+), got/.exec(example.feedback)?.[1];
  return wanted === undefined ? undefined : { question: example.input.replace(/\s+/g, " ").trim(), wanted };
}

/** Words that say nothing about what a question is about. */
const STOP_WORDS = new Set(
  "a an and are as at be been but by can could did do does for from get got had has have hi hello how i if in is it its me my no not of on or please so that the their there this to was we what when where which who why will with would you your im ive dont cant am need want".split(
    " ",
  ),
);

/** Ways to say what a label is about. */
const FRAMES: readonly ((topic: string) => string)[] = [
  (topic) => `I have a question about ${topic}.`,
  (topic) => `Can you help me with ${topic}?`,
  (topic) => `What about my ${topic}?`,
  (topic) => `The customer asks about ${topic}.`,
  (topic) => `I have a problem: ${topic}.`,
  (topic) => `How does ${topic} work?`,
];

/** Characters a description may have; a longer one describes nothing. */
const LONGEST_DESCRIPTION = 600;

/** Telling words taken from one question. */
const WORDS_PER_QUESTION = 4;

function edit(
  lines: readonly PromptLine[],
  failures: readonly Failure[],
  operator: string,
  rng: Rng,
  other: string | undefined,
): PromptLine[] {
  if (other !== undefined) return joined(lines, readPrompt(other));
  if (/\b(trim|cut)\b/i.test(operator)) return dropOne(lines, rng);
  if (/replace the worked examples/i.test(operator)) return demonstrate(dropOne(lines, rng), failures);
  if (/worked examples/i.test(operator)) return demonstrate(lines, failures);
  if (/restructure|tone|style/i.test(operator)) return rephrase(lines, rng);
  if (/clarif|tighten/i.test(operator)) return describe(lines, failures, rng);
  const free = [
    () => rephrase(lines, rng),
    () => describe(lines, failures, rng),
    () => describe(rephrase(lines, rng), failures, rng),
    () => demonstrate(lines, failures),
  ];
  return rng.choice(free)();
}

/** Every failure becomes a demonstration. */
function demonstrate(lines: readonly PromptLine[], failures: readonly Failure[]): PromptLine[] {
  const known = new Set(lines.map((l) => l.text));
  const fresh = failures.filter((f) => !known.has(f.question));
  return [
    ...lines,
    ...fresh.map((f): PromptLine => ({ kind: "demonstration", text: f.question, label: f.wanted })),
  ];
}

/** All descriptions say their topic in one and the same way; what was added to them since stays. */
function rephrase(lines: readonly PromptLine[], rng: Rng): PromptLine[] {
  const frame = rng.choice(FRAMES);
  return lines.map((line) => {
    if (line.kind !== "description") return line;
    const added = /^[^.?!]*[.?!] (.+)$/.exec(line.text)?.[1];
    const said = frame(line.label.replaceAll("_", " "));
    return { ...line, text: added === undefined ? said : `${said} ${added}` };
  });
}

/** The wanted label's description takes up the question it was missed on, in full or by its telling words. */
function describe(lines: readonly PromptLine[], failures: readonly Failure[], rng: Rng): PromptLine[] {
  const inFull = rng.random() < 0.5;
  const taken = new Map<string, string[]>();
  for (const { question, wanted } of failures) {
    const telling =
      question
        .toLowerCase()
        .match(/[a-z]+/g)
        ?.filter((w) => !STOP_WORDS.has(w)) ?? [];
    const words = rng.sample(telling, Math.min(telling.length, WORDS_PER_QUESTION)).join(" ");
    taken.set(wanted, [...(taken.get(wanted) ?? []), inFull ? question : `${words}.`]);
  }
  return lines.map((line) => {
    if (line.kind !== "description") return line;
    const fresh = (taken.get(line.label) ?? []).filter((t) => !line.text.includes(t));
    const core = /[.?!]$/.test(line.text) || fresh.length === 0 ? line.text : `${line.text}.`;
    const text = [core, ...fresh].join(" ");
    return text.length > LONGEST_DESCRIPTION ? line : { ...line, text };
  });
}

function dropOne(lines: readonly PromptLine[], rng: Rng): PromptLine[] {
  const demonstrations = lines.filter((l) => l.kind === "demonstration");
  if (demonstrations.length === 0) return [...lines];
  const dropped = rng.choice(demonstrations);
  return lines.filter((l) => l !== dropped);
}

/** The demonstrations of both; of each label the longer description. */
function joined(lines: readonly PromptLine[], other: readonly PromptLine[]): PromptLine[] {
  const known = new Set(lines.map((l) => l.text));
  const described = lines.map((line) => {
    if (line.kind !== "description") return line;
    const rival = other.find((o) => o.kind === "description" && o.label === line.label);
    return rival !== undefined && rival.text.length > line.text.length ? rival : line;
  });
  return [...described, ...other.filter((o) => o.kind === "demonstration" && !known.has(o.text))];
}
