import { createRng } from "../../../src/base/rng.ts";
import type { EngineEvent } from "../../../src/domain/event.ts";
import { REFERENCE_CONFIG_DEFAULTS } from "../../../src/domain/reference-config.ts";
import {
  type Components,
  type OptimizeSpec,
  type Profile,
  promptText,
  type SearchConfig,
} from "../../../src/domain/spec.ts";
import { estimateTokens } from "../../../src/engine/constraints.ts";
import type { Interval, Verdict } from "../../../src/domain/report.ts";
import type { EngineOutcome, EnginePorts, Optimise } from "../../../src/engine/ports.ts";
import { createVirtualTime } from "./virtual-time.ts";
import { type Books, type Latency, openBooks } from "./worlds/simulated.ts";
import type { OpenWorld, World } from "./worlds/world.ts";

/** One run to make. */
export interface RunPlan {
  readonly world: World;
  readonly seed: number;
  readonly profile: Profile;
  readonly maxMetricCalls: number;
  /** Absent: as many as the rollouts last for. */
  readonly maxIterations?: number;
  readonly latency: Latency;
  /** Calls in flight. */
  readonly concurrency: number;
  readonly config: Partial<SearchConfig>;
}

/** Where the search stood after a number of rollouts. */
export interface Standing {
  readonly rollouts: number;
  readonly candidateId: string;
  readonly trueScore: number;
}

/** A prompt of the final front. */
export interface FrontPoint {
  readonly trueScore: number;
  readonly tokens: number;
}

/** What one run gave. Scores are true ones unless the name says otherwise. */
export interface RunRecord {
  readonly world: string;
  readonly seed: number;
  readonly profile: Profile;
  /** As the target model counted them; of the reference those it was charged, see {@link rolloutsOf}. */
  readonly rollouts: number;
  readonly reflections: number;
  /** Of target, judge and reflection model together; of the reference as it is charged. */
  readonly modelCalls: number;
  /** Rollouts the engine said it had used, without the outputs it had judged again: those ran no target model. */
  readonly rolloutsReported: number;
  readonly overrun: number;
  readonly seedScore: number;
  readonly championScore: number;
  readonly bestScore: number;
  /** Champion minus seed as the report tells it; undefined where it tells none. */
  readonly reportedLift: number | undefined;
  /** Of the reported lift. */
  readonly interval: Interval | undefined;
  readonly verdict: Verdict;
  readonly stopReason: string;
  readonly standings: readonly Standing[];
  /** The members of the final front. */
  readonly front: readonly FrontPoint[];
  readonly seedTokens: number;
  readonly proposals: number;
  readonly accepted: number;
  /** Accepted children that are truly worse than their best parent. */
  readonly regressions: number;
  /** Iteration whose commit completed a perfect validation, and the last one. */
  readonly solvedAt: number | undefined;
  readonly lastIteration: number;
  /** Milliseconds of virtual time. */
  readonly makespanMs: number;
  readonly mostInFlight: number;
  /** Milliseconds of CPU of the whole process, and what of it was the simulators'. */
  readonly cpuMs: number;
  readonly simulatorMs: number;
}

/** Characters of the prompts and answers do not matter here; a generous cap. */
const MAX_TOKENS = 1_024;

/** As the service's default. */
const MAX_GRADES = 4;

/** Commits are not what limits a run unless its plan says so; rollouts are. */
const MAX_ITERATIONS = 1_000;

/**
 * The knobs a world's users would find in gepa 0.1.4: those of `gepa.optimize`, and where there are several components,
 * that is a program, those of its launcher `dspy.GEPA`, which differ in one: it merges. One component can not be merged.
 */
function referenceKnobs(components: Components): Partial<SearchConfig> {
  return { merge: Object.keys(components).length > 1, reference: REFERENCE_CONFIG_DEFAULTS };
}

/** The spec of a world: every knob that the plan does not set stands at the service's default. */
export function specOf(open: OpenWorld, plan: RunPlan): OptimizeSpec {
  return {
    components: open.components,
    targetModelId: open.target.id,
    examples: open.examples,
    grader: { kind: "exact", ignoreCase: false, keepWhitespace: false },
    objectives: [],
    context: {},
    budget: { maxIterations: plan.maxIterations ?? MAX_ITERATIONS, maxMetricCalls: plan.maxMetricCalls },
    constraints: { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: true },
    config: {
      width: 1,
      minibatchSize: 3,
      operators: {},
      selection: "pareto",
      merge: true,
      maxTokens: MAX_TOKENS,
      maxGrades: MAX_GRADES,
      profile: plan.profile,
      ...(plan.profile === "reference" ? referenceKnobs(open.components) : {}),
      ...plan.config,
    },
    seed: plan.seed,
  };
}

/** Runs the engine once in a world and records what truly happened beside what was told. */
export async function runOnce(optimise: Optimise, plan: RunPlan): Promise<RunRecord> {
  const clock = createVirtualTime();
  const books = openBooks();
  const open = await plan.world.open(plan.seed, { clock, latency: plan.latency, books });
  const spec = specOf(open, plan);
  const ports: EnginePorts = {
    target: open.target,
    reflection: open.reflection,
    grader: open.grader,
    rng: createRng({ seed: plan.seed }),
    concurrency: plan.concurrency,
    outside: () => Promise.resolve("go"),
    measure: () => ({ spend: [], timing: { elapsedS: clock.monotonic() / 1_000 } }),
  };
  const witness = createWitness(open, books, plan.profile);
  const before = process.cpuUsage();
  const steps = optimise(
    { spec, models: [], judgeFingerprint: open.grader.fingerprint },
    ports,
    new AbortController().signal,
  );
  let step = await steps.next();
  while (!step.done) {
    if (step.value.kind === "event") witness.note(step.value.event);
    step = await steps.next();
  }
  const cpu = process.cpuUsage(before);
  return {
    ...(await witness.record(plan, step.value)),
    makespanMs: clock.monotonic(),
    mostInFlight: books.mostInFlight,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    simulatorMs: books.simulatorMs,
  };
}

/**
 * Rollouts of a run. Gepa 0.1.4 would run a candidate again on an example it was run on before, and counts it; here it is
 * remembered and the target model is not asked. Whatever was not asked is therefore taken as the reference counts it.
 */
function rolloutsOf(profile: Profile, called: number, charged: number): number {
  return profile === "reference" ? Math.max(called, charged) : called;
}

/** Calls of the judge: as many as it got, or of the reference one for each rollout it is charged. */
function gradesOf({ grader }: OpenWorld, profile: Profile, books: Books, rollouts: number): number {
  if (grader.callsPerGrade === 0) return 0;
  return profile === "reference" ? rollouts : books.graderCalls;
}

/** Follows a run from outside, by its events and by the models' books. */
function createWitness(open: OpenWorld, books: Books, profile: Profile) {
  const texts = new Map<string, Components>([["c0", open.components]]);
  const parents = new Map<string, readonly string[]>();
  const validated = new Map<string, Map<string, number>>();
  const validation = new Set(open.examples.filter((e) => e.split === "validation").map((e) => e.id));
  const seen: { rollouts: number; candidateId: string }[] = [];
  const accepted = new Set<string>(); // told again whenever they are run on
  let proposals = 0;
  let solvedAt: number | undefined;
  let lastIteration = 0;
  let reported = 0;
  let judgedAgain = 0;
  let final: Extract<EngineEvent, { type: "final" }> | undefined;

  const scored = (id: string, evaluations: readonly { exampleId: string; score?: number }[]) => {
    const scores = validated.get(id) ?? new Map<string, number>();
    for (const e of evaluations) {
      if (validation.has(e.exampleId) && e.score !== undefined) scores.set(e.exampleId, e.score);
    }
    validated.set(id, scores);
    return scores.size === validation.size && [...scores.values()].every((s) => s >= 1);
  };

  return {
    note(event: EngineEvent) {
      if (event.type === "generate") {
        proposals++;
        texts.set(event.data.candidateId, event.data.components);
        parents.set(event.data.candidateId, event.data.parentIds);
      } else if (event.type === "judge" && event.data.stage === "noise_floor") {
        judgedAgain += event.data.evaluations.length;
      } else if (event.type === "judge") {
        const solved = scored(event.data.candidateId, event.data.evaluations);
        if (solved && solvedAt === undefined) solvedAt = event.data.iteration;
      } else if (event.type === "select") {
        lastIteration = Math.max(lastIteration, event.data.iteration);
        if (event.data.accepted) accepted.add(event.data.candidateId);
      } else if (event.type === "progress") {
        const line = event.data.budget.lines.find((l) => l.name === "metric_calls");
        reported = Math.max(reported, line?.used ?? 0);
        const last = seen.at(-1);
        if (last?.candidateId !== event.data.bestCandidateId) {
          const rollouts = rolloutsOf(profile, books.targetCalls, reported);
          seen.push({ rollouts, candidateId: event.data.bestCandidateId });
        }
      } else if (event.type === "final") {
        final = event;
      }
    },
    async record(plan: RunPlan, outcome: EngineOutcome) {
      if (outcome.kind !== "finished") throw new Error(`The run ended as ${JSON.stringify(outcome)}.`);
      const { result } = outcome;
      const rollouts = rolloutsOf(profile, books.targetCalls, reported);
      const report = final?.data.report ?? result.report;
      const front = (final?.data.artifacts.front ?? []).map((m) => m.candidateId);
      const textOf = (id: string) => texts.get(id) ?? open.components;
      const truths = new Map<string, number>();
      for (const id of new Set([
        ...accepted,
        ...[...accepted].flatMap((c) => parents.get(c) ?? []),
        ...seen.map((s) => s.candidateId),
        ...front,
      ])) {
        truths.set(id, await open.trueScore(textOf(id)));
      }
      const truth = (id: string) => truths.get(id) ?? 0;
      const best = await open.trueScore((result.bestCandidate ?? result.champion).components);
      // Gepa returns its best candidate, whatever a test would say of it.
      const champion = profile === "reference" ? best : await open.trueScore(result.champion.components);
      const worse = [...accepted].filter((id) => {
        const before = (parents.get(id) ?? []).map(truth);
        return before.length > 0 && truth(id) < Math.max(...before) - 1e-9;
      });
      return {
        world: plan.world.name,
        seed: plan.seed,
        profile: plan.profile,
        rollouts,
        reflections: books.reflectionCalls,
        modelCalls: rollouts + books.reflectionCalls + gradesOf(open, profile, books, rollouts),
        rolloutsReported: reported - judgedAgain, // a grade given again takes no run of the target
        overrun: Math.max(0, rollouts - plan.maxMetricCalls),
        seedScore: await open.trueScore(open.components),
        championScore: champion,
        bestScore: best,
        reportedLift: report.lift,
        interval: report.interval,
        verdict: report.verdict,
        stopReason: result.stopReason,
        standings: seen.map((s) => ({ ...s, trueScore: truth(s.candidateId) })),
        front: front.map((id) => ({
          trueScore: truth(id),
          tokens: estimateTokens(promptText(textOf(id))),
        })),
        seedTokens: estimateTokens(promptText(open.components)),
        proposals,
        accepted: accepted.size,
        regressions: worse.length,
        solvedAt,
        lastIteration,
      };
    },
  };
}
