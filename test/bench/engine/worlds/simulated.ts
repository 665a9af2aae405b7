import type { Clock } from "../../../../src/base/clock.ts";
import { sha256 } from "../../../../src/base/digest.ts";
import type { Grade, GradeInput, Grader } from "../../../../src/graders/grader.ts";
import type { Model, ModelRequest, ModelResponse } from "../../../../src/models/model.ts";
import { hash53, type Key, normal } from "./chance.ts";

/** How long a simulated call takes. */
export type Latency =
  | { readonly kind: "none" }
  /** Every call the same. */
  | { readonly kind: "fixed"; readonly ms: number }
  /** Log-normal with this mean, decided by the request: some calls are stragglers. `sigma` is that of the logarithm. */
  | { readonly kind: "lognormal"; readonly ms: number; readonly sigma: number };

/** Where simulated models play: the clock they wait on, and the books of what they did. */
export interface Stage {
  readonly clock: Clock;
  readonly latency: Latency;
  readonly books: Books;
}

/** The truth about a run, written by the models themselves. */
export interface Books {
  targetCalls: number;
  reflectionCalls: number;
  graderCalls: number;
  /** Calls in flight now, and the most there ever were. */
  inFlight: number;
  mostInFlight: number;
  /** Milliseconds of CPU the simulators themselves took, to be left out of the engine's. */
  simulatorMs: number;
}

/** Empty books. */
export function openBooks(): Books {
  return { targetCalls: 0, reflectionCalls: 0, graderCalls: 0, inFlight: 0, mostInFlight: 0, simulatorMs: 0 };
}

/** A stage on which nothing takes time. */
export function instantStage(clock: Clock): Stage {
  return { clock, latency: { kind: "none" }, books: openBooks() };
}

/** A rough count of tokens: four characters each. */
const tokens = (text: string) => Math.ceil(text.length / 4);

/** Milliseconds one call takes, decided by its key. */
export function delayOf(latency: Latency, key: Key): number {
  if (latency.kind === "none") return 0;
  if (latency.kind === "fixed") return latency.ms;
  return latency.ms * Math.exp(latency.sigma * normal("latency", ...key) - latency.sigma ** 2 / 2);
}

/** Runs one call: the simulator's own CPU is booked apart, then the stage's latency passes. */
async function play<T>(
  stage: Stage,
  latency: Latency,
  key: () => number,
  signal: AbortSignal,
  answer: () => T,
) {
  const { books } = stage;
  const started = performance.now();
  const value = answer();
  const delay = latency.kind === "none" ? 0 : delayOf(latency, [key()]);
  books.simulatorMs += performance.now() - started;
  if (delay === 0) return value;
  books.mostInFlight = Math.max(books.mostInFlight, ++books.inFlight);
  try {
    await stage.clock.sleep(delay, signal);
  } finally {
    books.inFlight--;
  }
  return value;
}

/** A simulated chat model: `answer` is a pure function of the request. */
export function simulatedModel(
  stage: Stage,
  role: "target" | "reflection",
  answer: (request: ModelRequest) => string,
): Model {
  return {
    id: `bench/${role}`,
    servedBy: `bench:${role}`,
    simulated: true,
    async call(request, signal): Promise<ModelResponse> {
      if (role === "target") stage.books.targetCalls++;
      else stage.books.reflectionCalls++;
      const key = () => hash53(request.messages.map((m) => m.content).join("\n"), request.sampleIndex);
      const text = await play(stage, stage.latency, key, signal, () => answer(request));
      const input = request.messages.reduce((sum, m) => sum + tokens(m.content), 0);
      return {
        text,
        finishReason: "stop",
        usage: { inputTokens: input, cachedInputTokens: 0, outputTokens: tokens(text) },
      };
    },
  };
}

/** A simulated grader. A judge is a model and takes a model's time; a check in code takes none. */
export function simulatedGrader(
  stage: Stage,
  name: string,
  kind: "judge" | "code",
  grade: (input: GradeInput, repeat: number) => Grade,
): Grader {
  return {
    fingerprint: sha256(`bench grader ${name}`),
    callsPerGrade: kind === "judge" ? 1 : 0,
    grade(input, signal, repeat = 0) {
      stage.books.graderCalls++;
      const latency: Latency = kind === "judge" ? stage.latency : { kind: "none" };
      return play(
        stage,
        latency,
        () => hash53(input.output, repeat),
        signal,
        () => grade(input, repeat),
      );
    },
  };
}
