import { expect, it } from "vitest";
import { describeWorlds } from "../bench/engine/describe.ts";
import { VARIANTS } from "../bench/engine/ablate.ts";
import { ABLATION_WORLDS } from "../bench/engine/worlds/registry.ts";
import { readText } from "../support/source-tree.ts";

const page = readText("docs/BENCHMARKS.md");

it("the page of the benchmarks describes the worlds as they are", () => {
  expect(page).toContain(describeWorlds());
});

it("the page of the benchmarks says of every part, and of nothing else, what it is worth in every world", () => {
  const [, section = ""] = /^## Ablation$(.*?)^## /ms.exec(page) ?? [];
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const worlds = [...ABLATION_WORLDS.map((w) => w.name), "banking"];
  expect(rows[0]?.slice(3, -1)).toEqual(worlds);
  expect(rows.slice(1).map((cells) => cells[2])).toEqual(["the default", ...VARIANTS.map((v) => v.name)]);
  for (const cells of rows.slice(1))
    expect(cells.slice(3, -1).map((c) => / ± |the same/.test(c))).toEqual(worlds.map(() => true));
});
