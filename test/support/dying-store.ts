import { AppError } from "../../src/base/errors.ts";
import type { Store } from "../../src/storage/store.ts";
import { deferred } from "./scripted-model.ts";

/** A store whose process dies at one write. */
export interface DyingStore {
  readonly store: Store;
  /** Resolves when it has died. */
  readonly death: Promise<void>;
  isDead(): boolean;
}

/** Where a process dies: at the n-th operation (from 1) of this kind, before it is made or before it is acknowledged. */
export interface Death {
  readonly at: number;
  /** `any` counts reads as well. */
  readonly write: "append" | "recordCall" | "any";
  readonly when: "before" | "after";
}

/** Passes everything on to `store` until the death; after it every call fails, as if the process were gone. */
export function dyingStore(store: Store, { at, write, when }: Death): DyingStore {
  const death = deferred();
  let dead = false;
  let writes = 0;
  const gone = () => new AppError("storage_unavailable", "the process is gone");
  const guard =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>, counted: boolean) =>
    async (...args: A): Promise<R> => {
      if (dead) throw gone();
      const fatal = counted && ++writes === at;
      if (fatal) {
        dead = true;
        death.resolve();
        if (when === "after") await method(...args);
        throw gone();
      }
      return method(...args);
    };
  const any = write === "any";
  return {
    store: {
      ...store,
      append: guard(store.append, any || write === "append"),
      recordCall: guard(store.recordCall, any || write === "recordCall"),
      createJob: guard(store.createJob, any),
      getJob: guard(store.getJob, any),
      checkpoint: guard(store.checkpoint, any),
      call: guard(store.call, any),
      claim: guard(store.claim, any),
      change: guard(store.change, any),
      events: guard(store.events, any),
      jobIds: guard(store.jobIds, any),
    },
    death: death.promise,
    isDead: () => dead,
  };
}
