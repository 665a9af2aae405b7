import { throwIfAborted } from "../base/abort.ts";
import { digest } from "../base/digest.ts";
import { ROLES, type Role, type RoleSpend, type Spend } from "../domain/spend.ts";
import type { ModelFailure, ModelRequest, ModelResponse } from "../models/model.ts";
import type { LedgerRow, Store } from "../storage/store.ts";
import { outlastTrouble } from "./outlast.ts";
import type { RunDeps } from "./ports.ts";
import { createWaitingAnswers } from "./waiting-answers.ts";

/** How a call ended for good. */
export type CallOutcome =
  | { readonly kind: "answer"; readonly response: ModelResponse }
  | {
      readonly kind: "failure";
      readonly failure: ModelFailure;
      readonly message: string;
      /** Tries before the last one that may be billed; absent where there was none. */
      readonly lostTries?: number;
    };

/**
 * The books of one job: what was paid is never paid again.
 *
 * Answers are shared by the whole family of a root job. Failures are the job's own: a resumed run must decide as it
 * did before, so it is told the same failure again; but a fork, or another try with the next `sampleIndex` (which is
 * another key), asks the provider anew, for what failed yesterday need not fail today.
 *
 * Answers stay in the store and are read by key: a read costs nothing beside a call, and memory does not grow with
 * the job.
 */
export interface Ledger {
  find(key: string): Promise<CallOutcome | undefined>;
  /**
   * Durable once it resolves, with the outcome to use: where two runs have paid for a call, the first that was booked.
   * While the store is in trouble an answer waits for as long as the process lives, for it is paid. A failure is booked
   * during the run or not at all: later, it would contradict what another run of the job may have been told meanwhile.
   */
  record(key: string, role: Role, outcome: CallOutcome): Promise<CallOutcome>;
  /** What this job has paid so far, over all its runs. */
  spend(): Spend;
  /** Runs `work` when no other run of the family is at this key: what was paid there meanwhile is found then. */
  inTurn<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Counts a call as under way until its promise settles. */
  hold<T>(call: Promise<T>): Promise<T>;
  /** Resolves when no call is under way: nothing more will be recorded. */
  settled(): Promise<void>;
}

/** Key of a call: everything that decides its answer, so that equal calls meet wherever they are made. */
export function callKey(role: Role, servedBy: string, request: ModelRequest): string {
  return digest({ role, servedBy, request });
}

/** What the books of a job are made of. */
export interface LedgerDeps extends Pick<RunDeps, "clock" | "log" | "turns" | "closing"> {
  readonly store: Pick<Store, "call" | "calls" | "recordCall">;
}

/** Opens the books of a job for the run that `signal` ends, and adds up what it has paid in earlier runs. */
export async function openLedger(
  { store, clock, log, turns, closing }: LedgerDeps,
  job: { readonly id: string; readonly rootId: string },
  signal: AbortSignal,
): Promise<Ledger> {
  const tally = createTally();
  const answers = createWaitingAnswers(log, job.id);
  const failureKey = (key: string) => `${key} ${job.id}`;
  const failures = new Map<string, CallOutcome>(); // of this job: few, short, and never answers
  const book = (key: string, role: Role, outcome: CallOutcome) => {
    tally.add(role, outcome);
    if (outcome.kind === "failure") failures.set(key, outcome);
  };
  for await (const row of store.calls(job.rootId)) {
    if (row.jobId === job.id) book(row.key, row.role, outcomeOf(row));
  }
  const held = new Set<Promise<unknown>>(); // bounded by the calls the engine has in flight
  return {
    async find(key) {
      const failure = failures.get(failureKey(key));
      if (failure !== undefined) return failure;
      const row = await store.call(job.rootId, key);
      return row === undefined ? undefined : outcomeOf(row);
    },
    async record(key, role, outcome) {
      if (outcome.kind === "failure") throwIfAborted(signal);
      const rowKey = outcome.kind === "answer" ? key : failureKey(key);
      const row: LedgerRow = {
        rootId: job.rootId,
        jobId: job.id,
        key: rowKey,
        role,
        ts: clock.now(),
        outcome: JSON.stringify(outcome),
      };
      const write = () => store.recordCall(row);
      const stands =
        outcome.kind === "answer"
          ? await answers.during((onTrouble) => outlastTrouble(clock, closing, write, onTrouble))
          : await outlastTrouble(clock, signal, write);
      book(rowKey, role, outcome);
      return outcomeOf(stands);
    },
    spend: tally.spend,
    inTurn: (key, waiting, work) => turns(`${job.rootId} ${key}`, waiting, work),
    hold(call) {
      held.add(call);
      return call.finally(() => held.delete(call));
    },
    async settled() {
      await Promise.allSettled(held);
    },
  };
}

function outcomeOf(row: LedgerRow): CallOutcome {
  return JSON.parse(row.outcome) as CallOutcome;
}

function createTally(): { add(role: Role, outcome: CallOutcome): void; spend(): Spend } {
  const byRole = new Map<Role, RoleSpend>();
  const none = {
    calls: 0,
    failedCalls: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
  };
  return {
    add(role, outcome) {
      const sum = byRole.get(role) ?? { role, ...none };
      byRole.set(
        role,
        outcome.kind === "answer"
          ? withAnswer(sum, outcome.response)
          : withFailures(sum, 1 + (outcome.lostTries ?? 0)),
      );
    },
    spend: () => ROLES.flatMap((role) => byRole.get(role) ?? []),
  };
}

function withFailures(sum: RoleSpend, count: number): RoleSpend {
  return { ...sum, failedCalls: sum.failedCalls + count };
}

/** One answer without a price makes the whole sum unknown: a sum that leaves something out would be a lie. */
function withAnswer(
  { costUsd, ...sum }: RoleSpend,
  { usage, costUsd: paid, lostTries = 0 }: ModelResponse,
): RoleSpend {
  return {
    ...sum,
    calls: sum.calls + 1,
    failedCalls: sum.failedCalls + lostTries,
    inputTokens: sum.inputTokens + usage.inputTokens,
    cachedInputTokens: sum.cachedInputTokens + usage.cachedInputTokens,
    outputTokens: sum.outputTokens + usage.outputTokens,
    ...(costUsd === undefined || paid === undefined ? {} : { costUsd: costUsd + paid }),
  };
}
