import { expect, it } from "vitest";
import { describeWorlds } from "../bench/engine/describe.ts";
import { VARIANTS } from "../bench/engine/ablate.ts";
import { SEARCH_WORLDS } from "../bench/engine/worlds/registry.ts";
import { readText } from "../support/source-tree.ts";

const page = readText("docs/BENCHMARKS.md");

it("the page of the benchmarks describes the worlds as they are", () => {
  expect(page).toContain(describeWorlds());
});

it("the page of the benchmarks says of every part what it is worth", () => {
  for (const { name } of SEARCH_WORLDS) {
    for (const variant of VARIANTS) expect(page).toMatch(new RegExp(`\\| ${name} +\\| ${variant.name} +\\|`));
  }
});
