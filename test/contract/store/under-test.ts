import { afterEach, beforeEach } from "vitest";
import type { Job, JobStatus } from "../../../src/domain/job.ts";
import type { CreateOutcome, Store } from "../../../src/storage/store.ts";
import { aCancel, aJob, anEvent, aRequestTo, aWrite, CREATED_AT } from "../../support/jobs.ts";

/** A place for data, empty at first. */
export interface StorePlace {
  /** Opens a store over it; again after that was closed. */
  open(): Promise<Store>;
  /** Removes it. */
  remove(): Promise<void>;
}

/** A quota no test uses up. */
export const NO_LIMIT = 1_000_000;

/** A time after everything that happens to a job in {@link StoreUnderTest}. */
export const LATER = CREATED_AT + 60_000;

/** 1, 2, 3 … n. */
export const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** The store of the test that runs now, empty at its start, and short ways to bring jobs into it. */
export interface StoreUnderTest {
  readonly store: Store;
  create(job: Job): Promise<CreateOutcome>;
  /** Creates and claims a job. */
  running(id: string, overrides?: Partial<Job>): Promise<Job>;
  /** Creates a job and brings it into a state by the moves a service would make. */
  inStatus(id: string, status: JobStatus): Promise<void>;
  /** Ids in a job's log. */
  ids(jobId: string): Promise<number[]>;
}

/** Opens a new store for each test of the block it is called in. */
export function openForEach(newPlace: () => Promise<StorePlace>): StoreUnderTest {
  let place: StorePlace;
  let store: Store;
  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const create = (job: Job) => store.createJob({ job, maxOpenJobsPerOwner: NO_LIMIT });
  const running = async (id: string, overrides: Partial<Job> = {}): Promise<Job> => {
    await create(aJob(id, overrides));
    return (await store.claim(id, "w1", CREATED_AT + 1)) as Job;
  };
  return {
    get store() {
      return store;
    },
    create,
    running,
    async inStatus(id, status) {
      if (status === "pending") await create(aJob(id));
      else if (status === "cancelled") {
        await create(aJob(id));
        await store.change(id, aCancel());
      } else {
        const { fence } = await running(id);
        if (status === "paused") await store.change(id, aRequestTo("pause"));
        if (status !== "running") await store.append(id, fence, aWrite([anEvent(1)], { status }));
      }
    },
    ids: async (jobId) => (await store.events(jobId, 0, 10_000)).map((event) => event.id),
  };
}
