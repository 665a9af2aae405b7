import { defineConfig } from "vitest/config";

/**
 * Faults: processes that are killed, disks that fill up, clocks that jump. Real processes and real time, so apart from
 * `npm test`. `npm run test:faults` is the short form, for every change; `npm run soak` the long one.
 */
export default defineConfig(({ mode }) => {
  const long = mode === "soak";
  return {
    test: {
      include: ["test/faults/**/*.test.ts"],
      globalSetup: "test/faults/bundle.ts",
      provide: { form: long ? "long" : "short" },
      testTimeout: long ? 7_200_000 : 600_000, // a machine with other work takes its time; nothing here is measured by it
      hookTimeout: 60_000,
      pool: "forks",
      maxWorkers: 2,
      disableConsoleIntercept: true, // figures and seeds are printed as they come
    },
  };
});
