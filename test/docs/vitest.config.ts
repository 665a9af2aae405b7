import { defineConfig } from "vitest/config";

/** The commands of the documents, run as written: real processes, real time and the default port, so apart from `npm test`. */
export default defineConfig({
  test: {
    include: ["test/docs/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    fileParallelism: false,
  },
});
