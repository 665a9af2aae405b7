import { componentNames } from "../../domain/spec.ts";
import type { CombiningOperator } from "./operator.ts";

/**
 * System-aware merge (GEPA, appendix F): of each component take the text of the parent that changed it since the common
 * ancestor; where both did, that of the first. No model is called.
 */
export const merge: CombiningOperator = {
  kind: "combining",
  name: "merge",
  weight: 8,
  usesMate: true,
  applies: ({ parent, mate }) => mate !== undefined && componentNames(parent.components).length > 1,
  combine([first, second], ancestor) {
    const names = componentNames(first.components);
    const different = names.filter((name) => first.components[name] !== second.components[name]);
    const fromSecond = different.filter((name) => first.components[name] === ancestor.components[name]);
    if (fromSecond.length === 0 || fromSecond.length === different.length) return undefined;
    return Object.fromEntries(
      names.map((name) => [name, (fromSecond.includes(name) ? second : first).components[name] ?? ""]),
    );
  },
};
