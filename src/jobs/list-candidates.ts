import { isInPool, readCandidates, readDecisions } from "./candidate-log.ts";
import { fillPage } from "./fill-page.ts";
import { ownJob } from "./own-job.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import { type EventOf, readLog } from "./read-log.ts";
import type { UseCases } from "./use-cases.ts";

/** Candidates a page holds where the caller does not say; as `ListCandidatesRequest.page_size` promises. */
const DEFAULT_CANDIDATES = 100;
/** Most candidates on a page; as `ListCandidatesRequest.page_size` promises. */
const MAX_CANDIDATES = 1000;

/**
 * The candidates of a job in the order of writing, as the log tells of them now. A page begins after the event that
 * wrote the last candidate before it, so that pages stay what they were while the job runs.
 */
export function listCandidates(deps: Pick<JobsDeps, "store">): UseCases["listCandidates"] {
  return async (caller, jobId, page, acceptedOnly) => {
    const { store } = deps;
    const job = await ownJob(store, caller, jobId, { withoutExamples: true });
    const scope = { list: "candidates", jobId, acceptedOnly };
    const size = pageSize(page.pageSize, DEFAULT_CANDIDATES, MAX_CANDIDATES);
    const after = Number(decodePageToken(scope, page.pageToken, ["number"])?.[0] ?? 0);
    const log = { store, job };

    const decisions = await readDecisions(log, after);
    const { items: written, next } = await fillPage(wanted(), size);
    const last = written.at(-1);
    const more = next !== undefined && last !== undefined;
    return {
      items: await readCandidates(log, written, decisions),
      nextPageToken: more ? encodePageToken(scope, [last.id]) : "",
    };

    async function* wanted(): AsyncGenerator<EventOf<"generate">> {
      for await (const event of readLog(store, job, "generate", after)) {
        const { candidateId } = event.data;
        if (!acceptedOnly || isInPool(candidateId, decisions.get(candidateId))) yield event;
      }
    }
  };
}
