import { describe, expect, it } from "vitest";
import { getCandidate } from "../../src/jobs/get-candidate.ts";
import { listCandidates } from "../../src/jobs/list-candidates.ts";
import type { EventBody } from "../../src/domain/event.ts";
import { ALICE, BOB, emptyStore } from "../support/job-world.ts";
import { aJob } from "../support/jobs.ts";
import { began, decided, judged, recordedJob, regraded, wrote } from "../support/recorded-jobs.ts";

const FIRST = { pageSize: 0, pageToken: "" };

/** The seed, one that was dropped, one that joined, and one that is being tried. */
const SEARCH: readonly EventBody[] = [
  began(["v1", "v2"]),
  wrote("c0", []),
  judged("c0", "validation", { v1: 0.5, v2: 0 }),
  decided("c0", true),
  judged("c0", "parent_minibatch", { t1: 0 }),
  wrote("c1"),
  judged("c1", "minibatch", { t1: 0 }),
  decided("c1", false),
  wrote("c3"),
  judged("c3", "minibatch", { t1: 1 }),
  judged("c3", "validation", { v1: 1, v2: 0.5 }),
  decided("c3", true),
  wrote("c4", ["c3"]),
  judged("c4", "minibatch", { t1: 1 }),
];

async function recorded(events: readonly EventBody[]) {
  const store = await emptyStore();
  const append = await recordedJob(store, "job-1", events);
  return {
    store,
    append,
    list: (
      page: { pageSize: number; pageToken: string },
      acceptedOnly = false,
      caller = ALICE,
      id = "job-1",
    ) => listCandidates({ store })(caller, id, page, acceptedOnly),
    get: (candidateId: string, caller = ALICE, id = "job-1") =>
      getCandidate({ store })(caller, id, candidateId),
  };
}

const idsOf = (page: { items: readonly { lineage: { candidateId: string } }[] }) =>
  page.items.map(({ lineage }) => lineage.candidateId);

describe("listing candidates", () => {
  it("scores one that joined where the minibatch was the whole validation, and none that was only tried", async () => {
    const { list } = await recorded([
      began(["v1"]),
      wrote("c0", []),
      judged("c0", "validation", { v1: 0 }),
      decided("c0", true),
      wrote("c1"),
      judged("c1", "minibatch", { v1: 0.5 }),
      decided("c1", true),
      wrote("c2"),
      judged("c2", "minibatch", { v1: 0.25 }),
      decided("c2", false),
    ]);
    const { items } = await list(FIRST);
    expect(items.map(({ lineage }) => lineage.score)).toEqual([0, 0.5, undefined]);
  });

  it("tells of one that was decided on again why it joined, and then what came of it", async () => {
    const { list, get, append } = await recorded(SEARCH);
    await append([decided("c3", true)]);
    const reason = "It joined the pool. It joined the pool.";
    expect((await list(FIRST)).items[2]).toMatchObject({ lineage: { candidateId: "c3" }, reason });
    expect(await get("c3")).toMatchObject({ reason });
  });

  it("gives them in the order of writing, with text, origin, and what was decided and why", async () => {
    const { list } = await recorded(SEARCH);
    const { items, nextPageToken } = await list(FIRST);
    expect(nextPageToken).toBe("");
    expect(items.map(({ lineage, reason }) => [lineage, reason])).toEqual([
      [origin("c0", [], true, 0.25), "It joined the pool."],
      [origin("c1", ["c0"], false), "No improvement."],
      [origin("c3", ["c0"], true, 0.75), "It joined the pool."],
      [origin("c4", ["c3"], false), ""],
    ]);
    expect(items[2]).toMatchObject({ components: { prompt: "Text of c3." }, rationale: "It was rude." });
  });

  it("scores by the validation examples that have a score so far, each once, and by no other", async () => {
    const { list } = await recorded([
      began(["v1", "v2", "v3", "v4"]),
      wrote("c1"),
      judged("c1", "minibatch", { v1: 1, t1: 0 }),
      judged("c1", "validation", { v1: 1, v2: 0 }, ["v1"]),
      judged("c1", "validation", { v3: undefined }),
      judged("c1", "noise_floor", { v4: 0 }),
      judged("c1", "test", { x1: 0 }),
      judged("c2", "validation", { v4: 0 }),
    ]);
    expect((await list(FIRST)).items[0]?.lineage.score).toBe(0.5);
  });

  it("scores the seed by the grades that stand", async () => {
    const { list, get } = await recorded([
      began(["v1", "v2", "v3"]),
      wrote("c0", []),
      judged("c0", "validation", { v1: 1, v2: 0, v3: undefined }),
      judged("c0", "noise_floor", { v1: 0.5, v2: 0.5 }),
      regraded("c0", "validation", { v1: 0.75, v2: 0.25, v3: 0.2 }, 3),
      judged("c0", "parent_minibatch", { v1: 0.75 }, ["v1"]),
    ]);
    expect((await list(FIRST)).items[0]?.lineage.score).toBe(0.4);
    expect((await get("c0")).scores).toEqual({ v1: 0.75, v2: 0.25, v3: 0.2 });
  });

  it("gives one that joined also the scores of later ones that were dropped as the same text", async () => {
    const { list, get } = await recorded([
      began(["v1", "v2", "v3"]),
      wrote("c1"),
      judged("c1", "validation", { v1: 1, v2: undefined }),
      decided("c1", true),
      wrote("c2", ["c0"], "c1"),
      judged("c2", "minibatch", { t1: 0.5 }),
      judged("c2", "validation", { v1: 0.25, v2: 0.5 }),
      decided("c2", false),
      wrote("c3", ["c0"], "c1"),
      judged("c3", "validation", { v3: 0 }),
    ]);
    const first = await list({ pageSize: 1, pageToken: "" });
    const second = await list({ pageSize: 2, pageToken: first.nextPageToken });
    const scores = [...first.items, ...second.items].map(({ lineage }) => lineage.score);
    expect(scores).toEqual([0.75, undefined, 0]); // c3 is not decided on, so that its scores are its own
    expect((await list(FIRST)).items.map(({ lineage }) => lineage.score)).toEqual(scores);
    expect((await get("c1")).scores).toEqual({ v1: 1, v2: 0.5, t1: 0.5 });
    expect((await get("c2")).scores).toEqual({ t1: 0.5, v1: 0.25, v2: 0.5 });
  });

  it("gives one that was dropped no score, as the lineage of the report does", async () => {
    const { list, get } = await recorded([
      began(["v1"]),
      wrote("c1"),
      judged("c1", "validation", { v1: 0.5 }),
      decided("c1", false),
    ]);
    expect((await list(FIRST)).items[0]?.lineage).toEqual(origin("c1", ["c0"], false));
    expect((await get("c1")).scores).toEqual({ v1: 0.5 });
  });

  it("gives no score where no validation example has one", async () => {
    const { list } = await recorded([
      began(["v1"]),
      wrote("c1"),
      judged("c1", "minibatch", { v1: 1 }),
      wrote("c2"),
      judged("c2", "validation", { v1: undefined }),
    ]);
    expect((await list(FIRST)).items.map(({ lineage }) => lineage.score)).toEqual([undefined, undefined]);
  });

  it("counts a score that was recorded long after its candidate", async () => {
    const others = Array.from({ length: 80 }, (_, i) => [
      wrote(`c${i + 2}`),
      judged(`c${i + 2}`, "minibatch", {}),
    ]);
    const { list } = await recorded([
      began(["v1"]),
      wrote("c1"),
      ...others.flat(),
      judged("c1", "validation", { v1: 1 }),
    ]);
    expect((await list({ pageSize: 1, pageToken: "" })).items[0]?.lineage.score).toBe(1);
  });

  it("leaves out those that did not join the pool, or not yet, where that is asked", async () => {
    const { list } = await recorded(SEARCH);
    const first = await list({ pageSize: 1, pageToken: "" }, true);
    const second = await list({ pageSize: 1, pageToken: first.nextPageToken }, true);
    expect([idsOf(first), idsOf(second), second.nextPageToken]).toEqual([["c0"], ["c3"], ""]);
  });

  it("has the prompt as it was sent in the pool, also where the time was up before anything was said of it", async () => {
    const { list } = await recorded([began(["v1"]), wrote("c0", []), wrote("c1")]);
    expect((await list(FIRST)).items.map(({ lineage }) => lineage.accepted)).toEqual([true, false]);
    expect(idsOf(await list(FIRST, true))).toEqual(["c0"]);
  });

  it("gives each once, page by page, while the job goes on writing", async () => {
    const { list, append } = await recorded(SEARCH);
    const first = await list({ pageSize: 3, pageToken: "" });
    await append([decided("c4", true), wrote("c5")]);
    const second = await list({ pageSize: 3, pageToken: first.nextPageToken });
    expect([idsOf(first), idsOf(second)]).toEqual([
      ["c0", "c1", "c3"],
      ["c4", "c5"],
    ]);
    expect(second.items[0]).toMatchObject({ lineage: { accepted: true }, reason: "It joined the pool." });
  });

  it("gives 100 where no size is said and 1000 at most", async () => {
    const { list } = await recorded(Array.from({ length: 1001 }, (_, i) => wrote(`c${i}`)));
    expect((await list(FIRST)).items).toHaveLength(100);
    const most = await list({ pageSize: 5000, pageToken: "" });
    expect(most.items).toHaveLength(1000);
    expect(idsOf(await list({ pageSize: 5000, pageToken: most.nextPageToken }))).toEqual(["c1000"]);
  });

  it("gives none before the job has begun", async () => {
    const { list } = await recorded([]);
    expect(await list(FIRST)).toEqual({ items: [], nextPageToken: "" });
  });

  it("refuses a token of another list, and what is no token", async () => {
    const { list, store } = await recorded(SEARCH);
    await store.createJob({ job: aJob("job-2"), maxOpenJobsPerOwner: 100 });
    const { nextPageToken: pageToken } = await list({ pageSize: 1, pageToken: "" });
    const refused = { reason: "validation_error", violations: [{ field: "page_token" }] };
    await expect(list({ pageSize: 1, pageToken }, true)).rejects.toMatchObject(refused);
    await expect(list({ pageSize: 1, pageToken }, false, ALICE, "job-2")).rejects.toMatchObject(refused);
    await expect(list({ pageSize: 1, pageToken: "x" })).rejects.toMatchObject(refused);
  });

  it("does not find a job of somebody else, nor one that never was", async () => {
    const { list } = await recorded(SEARCH);
    await expect(list(FIRST, false, BOB)).rejects.toMatchObject({ reason: "not_found" });
    await expect(list(FIRST, false, ALICE, "job-9")).rejects.toMatchObject({ reason: "not_found" });
  });
});

describe("getting a candidate", () => {
  it("gives its score on every example it was run on, whatever for", async () => {
    const { get } = await recorded([
      ...SEARCH,
      judged("c3", "parent_minibatch", { t2: 0.25, t3: undefined }),
      judged("c3", "noise_floor", { v1: 0.5 }),
      judged("c3", "test", { x1: 0 }),
    ]);
    expect(await get("c3")).toMatchObject({
      lineage: origin("c3", ["c0"], true, 0.75),
      reason: "It joined the pool.",
      scores: { t1: 1, v1: 1, v2: 0.5, t2: 0.25, x1: 0 },
    });
  });

  it("keeps the score of an example with a peculiar id", async () => {
    const { get } = await recorded([wrote("c1"), judged("c1", "minibatch", { ["__proto__"]: 0.5 })]);
    expect(Object.entries((await get("c1")).scores)).toEqual([["__proto__", 0.5]]);
  });

  it("does not find a candidate that was never written, nor one in a job of somebody else", async () => {
    const { get } = await recorded(SEARCH);
    await expect(get("c2")).rejects.toMatchObject({
      reason: "not_found",
      message: "Job job-1 has no candidate c2.",
      metadata: { job_id: "job-1", candidate_id: "c2" },
    });
    await expect(get("c0", BOB)).rejects.toMatchObject({
      reason: "not_found",
      metadata: { job_id: "job-1" },
    });
    await expect(get("c0", ALICE, "job-9")).rejects.toMatchObject({ reason: "not_found" });
  });
});

function origin(candidateId: string, parentIds: readonly string[], accepted: boolean, score?: number) {
  return {
    candidateId,
    parentIds,
    operator: "reflect",
    iteration: Number(candidateId.slice(1)),
    accepted,
    ...(score === undefined ? {} : { score }),
  };
}
