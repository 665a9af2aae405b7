import { fillPage } from "./fill-page.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";

/** Jobs a page holds where the caller does not say; as `ListJobsRequest.page_size` promises. */
const DEFAULT_JOBS = 50;
/** Most jobs on a page; as `ListJobsRequest.page_size` promises. */
const MAX_JOBS = 500;

/** The caller's jobs, newest first, without their examples. */
export function listJobs(deps: Pick<JobsDeps, "store">): UseCases["listJobs"] {
  return async (caller, page, status) => {
    const scope = { list: "jobs", owner: caller.owner, status };
    const size = pageSize(page.pageSize, DEFAULT_JOBS, MAX_JOBS);
    const cursor = decodePageToken(scope, page.pageToken, ["number", "string"]);
    const found = await deps.store.listJobs({
      owner: caller.owner,
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { before: { createdAt: Number(cursor[0]), id: String(cursor[1]) } }),
      limit: size + 1, // one more than asked tells whether there is a next page
      withoutExamples: true,
    });
    const { items, next } = await fillPage(found, size, (job) => ({ ...job, spec: undefined })); // lists are without specs
    const last = items.at(-1);
    const more = next !== undefined && last !== undefined;
    return { items, nextPageToken: more ? encodePageToken(scope, [last.createdAt, last.id]) : "" };
  };
}
