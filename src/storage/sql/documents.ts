import type { JobFailure, JobProgress, JobResult } from "../../domain/job.ts";
import type { Example, OptimizeSpec } from "../../domain/spec.ts";
import type { ModelUse } from "../../domain/spend.ts";
import type { Tx } from "../driver.ts";

/** The texts of a job by name. `request` and `examples` never change; the others are replaced. */
export interface Documents {
  readonly request: {
    readonly spec: Omit<OptimizeSpec, "examples">;
    readonly models: readonly ModelUse[];
    readonly judgeFingerprint: string;
  };
  readonly examples: readonly Example[];
  readonly progress: JobProgress;
  readonly checkpoint: string;
  readonly result: JobResult;
  readonly failure: JobFailure;
}

/** Name of a document. */
export type DocumentName = keyof Documents;

/** Writes those of the documents that are given. */
export async function putDocuments(tx: Tx, jobId: string, documents: Partial<Documents>): Promise<void> {
  for (const [name, value] of Object.entries(documents)) {
    if (value === undefined) continue;
    await tx.run(
      `INSERT INTO job_documents (job_id, name, body) VALUES ($1, $2, $3)
       ON CONFLICT (job_id, name) DO UPDATE SET body = excluded.body`,
      [jobId, name, JSON.stringify(value)],
    );
  }
}
