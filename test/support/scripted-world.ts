import { createRng } from "../../src/base/rng.ts";
import type { Evaluation } from "../../src/domain/evaluation.ts";
import type { EngineEvent, EventDataByType } from "../../src/domain/event.ts";
import { unfence } from "../../src/domain/fence.ts";
import type { Example, OptimizeSpec, SearchConfig } from "../../src/domain/spec.ts";
import { optimise } from "../../src/engine/optimise.ts";
import type { OutsideInput } from "../../src/domain/job.ts";
import type { EngineInput, EngineOutcome, EnginePorts, EngineStep } from "../../src/engine/ports.ts";
import type { Grader } from "../../src/graders/grader.ts";
import { ModelError, type Model, type ModelRequest } from "../../src/models/model.ts";

/**
 * A world that can be learnt: each example needs one secret fact, the target model gets it right exactly where its
 * instruction holds the fact, the grader's feedback names the fact, and the reflection model copies facts from feedback
 * into the instruction. No fact stands in a prompt or an input to begin with.
 */
export interface WorldOptions {
  readonly examples?: number;
  readonly facts?: number;
  /** The grader says 1 where it should say 0. */
  readonly inverted?: boolean;
  /** Milliseconds-free latency: how many turns of the event loop a call takes. */
  readonly latency?: (request: ModelRequest) => number;
  /** Calls of the target that fail, by prompt and input. */
  readonly targetFails?: (prompt: string, input: string) => ModelError | undefined;
  readonly reflectionFails?: () => ModelError | undefined;
  /** Facts the reflection model takes up at once; absent: all it is shown. */
  readonly factsPerEdit?: number;
  /** What the reflection model answers instead. */
  readonly reflect?: (request: ModelRequest) => string;
  readonly spec?: Partial<Omit<OptimizeSpec, "config" | "budget">>;
  readonly config?: Partial<SearchConfig>;
  readonly budget?: Partial<OptimizeSpec["budget"]>;
  readonly concurrency?: number;
  readonly outside?: (commit: number) => OutsideInput;
}

/** A world and what was really called in it. */
export interface World {
  readonly input: EngineInput;
  readonly ports: EnginePorts;
  /** Prompt and input of each target call, in the order made. */
  readonly rollouts: { readonly prompt: string; readonly input: string }[];
  readonly reflections: ModelRequest[];
  readonly mostInFlight: () => number;
}

/** Makes every call of this world cost a tenth of a cent. */
const PRICE = { inputPerMTok: 5, cachedInputPerMTok: 5, outputPerMTok: 50 };

/** The fact that example number `i` needs. */
export function factOf(i: number, facts: number): string {
  return `FACT-${i % facts}`;
}

/** Builds a world. */
export function createWorld(options: WorldOptions = {}): World {
  const facts = options.facts ?? 3;
  const examples: Example[] =
    options.spec?.examples?.slice() ??
    Array.from({ length: options.examples ?? 6 }, (_, i) => ({ id: `e${i}`, input: `question ${i}` }));
  const spec = resolvedSpec(options, examples);
  const needs = new Map(examples.map((e, i) => [e.input, factOf(i, facts)]));

  const rollouts: { prompt: string; input: string }[] = [];
  const reflections: ModelRequest[] = [];
  let inFlight = 0;
  let most = 0;
  const answer = async (request: ModelRequest, signal: AbortSignal, text: () => string) => {
    inFlight++;
    most = Math.max(most, inFlight);
    try {
      for (let turn = options.latency?.(request) ?? 0; turn > 0; turn--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (signal.aborted) throw signal.reason;
      return {
        text: text(),
        finishReason: "stop" as const,
        usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10 },
        costUsd: 0.001,
      };
    } finally {
      inFlight--;
    }
  };

  const target: Model = {
    id: "test/target",
    servedBy: "test:target",
    simulated: false,
    price: PRICE,
    call(request, signal) {
      const [system, user] = request.messages;
      const [prompt, input] = [system?.content ?? "", user?.content ?? ""];
      rollouts.push({ prompt, input });
      return answer(request, signal, () => {
        const failure = options.targetFails?.(prompt, input);
        if (failure) throw failure;
        return prompt.includes(needs.get(input) ?? "?") ? `right: ${input}` : `wrong: ${input}`;
      });
    },
  };
  const reflection: Model = {
    id: "test/reflection",
    servedBy: "test:reflection",
    simulated: false,
    price: PRICE,
    call(request, signal) {
      reflections.push(request);
      return answer(request, signal, () => {
        const failure = options.reflectionFails?.();
        if (failure) throw failure;
        return options.reflect?.(request) ?? copyFacts(request, options.factsPerEdit);
      });
    },
  };
  const grader: Grader = {
    fingerprint: "test-grader",
    callsPerGrade: 0,
    async grade({ example, output }) {
      const right = output.startsWith("right");
      return {
        score: right !== (options.inverted ?? false) ? 1 : 0,
        feedback: right ? "Correct." : `The answer must rest on ${needs.get(example.input)}.`,
        objectives: {},
      };
    },
  };
  return {
    input: {
      spec,
      models: [{ role: "target", modelId: "test/target", servedBy: "test:target", simulated: false }],
      judgeFingerprint: "test-grader",
    },
    ports: {
      target,
      reflection,
      grader,
      rng: createRng({ seed: spec.seed }),
      concurrency: options.concurrency ?? 8,
      outside: async (commit) => options.outside?.(commit) ?? "go",
      measure: () => ({ spend: [], timing: { elapsedS: 0 } }),
    },
    rollouts,
    reflections,
    mostInFlight: () => most,
  };
}

function resolvedSpec(options: WorldOptions, examples: readonly Example[]): OptimizeSpec {
  return {
    components: { prompt: "Answer the question." },
    targetModelId: "test/target",
    grader: { kind: "judge" },
    objectives: [],
    context: {},
    constraints: {
      mustKeep: [],
      mustNotContain: [],
      allowPlaceholderLoss: false,
      allowAnswerCopying: false,
    },
    seed: 1,
    ...options.spec,
    examples,
    budget: { maxIterations: 10, ...options.budget },
    config: {
      width: 1,
      minibatchSize: 3,
      operators: {},
      selection: "pareto",
      merge: true,
      maxTokens: 256,
      profile: "default",
      ...options.config,
    },
  };
}

/** Names of the components a reflection request asks for. */
export function componentsAsked(request: ModelRequest): [string, ...string[]] {
  const schema = request.responseSchema?.schema as {
    properties: { components: { required: [string, ...string[]] } };
  };
  return schema.properties.components.required;
}

/** A reflection model that adds every fact the feedback names to the component it is asked for. */
export function copyFacts(request: ModelRequest, atMost = Number.POSITIVE_INFINITY): string {
  const user = request.messages.at(-1)?.content ?? "";
  if (request.responseSchema === undefined) return copyFactsAsReference(user);
  const fenced = unfence(user);
  const [name] = componentsAsked(request);
  const current = fenced.find((f) => f.label === `current_prompt.${name}`)?.text ?? "";
  const named = fenced.filter((f) => f.label === "feedback").flatMap((f) => f.text.match(/FACT-\d+/g) ?? []);
  const missing = [...new Set(named)]
    .filter((fact) => !current.includes(fact))
    .sort()
    .slice(0, atMost);
  return JSON.stringify({
    components: { [name]: [current, ...missing.map((fact) => `Rest on ${fact}.`)].join(" ") },
    rationale: `The feedback asks for ${missing.join(", ")}.`,
    lesson: missing.length > 0 ? `Name ${missing[0]} in the instruction.` : "",
  });
}

/** The same for the profile reference: the text and the examples stand between fences, and so does the answer. */
function copyFactsAsReference(request: string): string {
  const [current = "", shown = ""] = request.split("```").filter((_, i) => i % 2 === 1);
  const named = [...new Set(shown.match(/FACT-\d+/g) ?? [])].filter((fact) => !current.includes(fact)).sort();
  return `It lacks facts.\n\`\`\`\n${[current.trim(), ...named.map((fact) => `Rest on ${fact}.`)].join(" ")}\n\`\`\``;
}

/** Everything a run yielded, and how it ended. */
export interface Recording {
  readonly steps: readonly EngineStep[];
  readonly events: readonly EngineEvent[];
  readonly outcome: EngineOutcome;
}

/** Runs the engine to its end. */
export async function play(
  world: World,
  checkpoint?: string,
  signal = new AbortController().signal,
): Promise<Recording> {
  const steps: EngineStep[] = [];
  const input = checkpoint === undefined ? world.input : { ...world.input, checkpoint };
  const run = optimise(input, world.ports, signal);
  for (;;) {
    const next = await run.next();
    if (next.done) {
      const events = steps.flatMap((s) => (s.kind === "event" ? [s.event] : []));
      return { steps, events, outcome: next.value };
    }
    steps.push(next.value);
  }
}

/** The data of every event of one type. */
export function dataOf<T extends EngineEvent["type"]>(
  recording: Pick<Recording, "events">,
  type: T,
): EventDataByType[T][] {
  return recording.events.flatMap((e) => (e.type === type ? [e.data as EventDataByType[T]] : []));
}

/** Every evaluation of every judge event. */
export function evaluationsOf(recording: Recording): Evaluation[] {
  return dataOf(recording, "judge").flatMap((j) => [...j.evaluations]);
}

/** A provider that is out. */
export function unavailable(): ModelError {
  return new ModelError("unavailable", "The provider answered 503.");
}
