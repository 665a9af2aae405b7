import { defineConfig } from "vitest/config";

/** Clients of other languages and real browsers: real processes and real time, so apart from `npm test`. */
export default defineConfig({
  test: {
    include: ["test/clients/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: "forks",
    fileParallelism: false,
  },
});
