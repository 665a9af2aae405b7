import { createRng } from "../base/rng.ts";
import type { Job, JobFailure, JobRequest } from "../domain/job.ts";
import type { EngineInput, EnginePorts } from "../engine/ports.ts";
import type { Store } from "../storage/store.ts";
import { graderOf, modelUses, rolesOf } from "./grading.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { type LedgeredModelDeps, ledgeredModel } from "./ledgered-model.ts";
import type { RunDeps } from "./ports.ts";
import { changedModels } from "./run-failure.ts";
import { createRunProgress, type RunProgress } from "./run-progress.ts";
import type { RunRecorder } from "./run-recorder.ts";
import { createRunTime } from "./run-time.ts";
import type { RunControl } from "./running-jobs.ts";
import { decodeCheckpoint } from "./run-writer.ts";

/** Events read at once when the texts of an earlier run are looked up. */
const PAGE_EVENTS = 100;

/** How a run is stopped, whoever says so. */
export interface RunSignals extends RunControl {
  /**
   * Stops the run, if it still goes on; its calls in flight as well, but where the store is in trouble: those are
   * finished and booked.
   */
  readonly stop: (cause: unknown) => void;
}

/** A run that is ready to be driven. */
export interface Run {
  readonly input: EngineInput;
  readonly ports: EnginePorts;
  /** Engine events that the checkpoint stands behind; 0 for a fresh start. */
  readonly ordinal: number;
  readonly ledger: Ledger;
  readonly progress: RunProgress;
}

/**
 * Brings a claimed job to where its last run left it: books, checkpoint, time, figures; and builds what the engine
 * needs. Gives a failure where this process is not the one the job was created for. Rejects with
 * `model_not_configured`, or with the store's errors.
 */
export async function openRun(
  deps: RunDeps,
  job: Job,
  recorder: RunRecorder,
  { signal, callsSignal, stop }: RunSignals,
): Promise<Run | JobFailure> {
  const { store, clock, metrics } = deps;
  const ledger = await openLedger(deps, job, signal);
  const progress = createRunProgress(job.progress);
  const time = createRunTime(clock, job.progress, job.spec.budget.maxWallTimeS);
  recorder.showProgress(() => {
    const told = time.told();
    const soFar = progress.soFar();
    return {
      ...soFar,
      fraction: Math.max(soFar.fraction, time.share()),
      spend: ledger.spend(),
      elapsedMs: time.elapsedMs(),
      ...(told === undefined ? {} : { told }),
    };
  });

  const raw = deps.resolveModels(job.spec.targetModelId, rolesOf(job.spec.grader));
  const { isOver } = time;
  const wrap: LedgeredModelDeps = { ledger, metrics, signal, callsSignal, isOver, onStoreFailure: stop };
  const judge = raw.judge && ledgeredModel("judge", raw.judge, wrap);
  const grader = graderOf(deps.graders, job.spec, judge);
  const changed = changedModels(job, modelUses(raw, grader), grader.fingerprint);
  if (changed !== undefined) return changed;

  const saved = await store.checkpoint(job.id);
  const checkpoint = saved === undefined ? undefined : decodeCheckpoint(saved);
  if (job.engineOrdinal > 0) await learnTexts(store, job.id, progress);
  return {
    input: {
      spec: job.spec,
      models: job.models,
      judgeFingerprint: job.judgeFingerprint,
      ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.state }),
    },
    ports: {
      target: ledgeredModel("target", raw.target, wrap),
      reflection: ledgeredModel("reflection", raw.reflection, wrap),
      grader,
      rng: createRng({ seed: job.spec.seed }),
      concurrency: deps.limits.callsInFlightPerJob,
      outside: async (commit) => time.outside(commit, await requestedOf(store, job.id)),
      measure: (fraction) => ({ spend: ledger.spend(), timing: time.timing(fraction) }),
    },
    ordinal: checkpoint?.ordinal ?? 0,
    ledger,
    progress,
  };
}

/** What the caller wants now. Asked once a commit, and so of no weight beside the commit's model calls. */
async function requestedOf(store: Pick<Store, "getJob">, jobId: string): Promise<JobRequest | undefined> {
  return (await store.getJob(jobId, { withoutExamples: true }))?.requested;
}

/** Reads the texts of candidates that an earlier run recorded: their events pass by no more. */
async function learnTexts(store: Pick<Store, "events">, jobId: string, progress: RunProgress): Promise<void> {
  for (let after = 0; ; ) {
    const page = await store.events(jobId, after, PAGE_EVENTS, ["generate"]);
    for (const event of page) {
      if (event.type === "generate") progress.learn(event.data.candidateId, event.data.components);
      after = event.id;
    }
    if (page.length < PAGE_EVENTS) return;
  }
}
