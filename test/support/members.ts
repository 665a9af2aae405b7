import type { Components } from "../../src/domain/spec.ts";
import { exactDigest, textDigest, type Member } from "../../src/engine/state.ts";

/** A candidate of a pool, with whatever the test does not care about filled in. */
export function member(
  id: string,
  scores: Readonly<Record<string, number>>,
  rest: Partial<Omit<Member, "id" | "scores">> = {},
): Member {
  const components: Components = rest.components ?? { prompt: `prompt of ${id}` };
  return {
    id,
    components,
    text: textDigest(components),
    exact: exactDigest(components),
    parentIds: [],
    operator: "reflect",
    iteration: Number(id.slice(1)),
    failed: [],
    ...rest,
    scores,
  };
}
