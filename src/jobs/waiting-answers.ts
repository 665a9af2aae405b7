import type { Logger } from "../base/log.ts";

/** Tells of the answers of one run that wait to be booked, in two lines a trouble: when the first waits, and at the end. */
export interface WaitingAnswers {
  /** Runs `book`, which calls `onTrouble` once where it has to wait. Settles as `book` does. */
  during<T>(book: (onTrouble: (error: unknown) => void) => Promise<T>): Promise<T>;
}

/** None waits yet. */
export function createWaitingAnswers(log: Pick<Logger, "info" | "warn">, jobId: string): WaitingAnswers {
  let waiting = 0;
  let booked = 0;
  let lost = 0;
  const leave = () => {
    if (--waiting > 0) return;
    const fields = { job_id: jobId, booked, lost };
    if (lost > 0) log.warn("answers_lost", fields);
    else log.info("answers_booked", fields);
    booked = 0;
    lost = 0;
  };
  return {
    async during(book) {
      let waits = false;
      try {
        const result = await book((error) => {
          waits = true;
          if (++waiting === 1) log.warn("answers_waiting", { job_id: jobId }, error);
        });
        if (waits) booked++;
        return result;
      } catch (error) {
        if (waits) lost++;
        throw error;
      } finally {
        if (waits) leave();
      }
    },
  };
}
