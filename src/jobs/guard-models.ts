import type { Model } from "../models/model.ts";
import type { RoleModels } from "./ports.ts";

/** The same models, each try of which first asks `mayCall`, and is not made where that throws. */
export function guardModels({ target, judge, reflection }: RoleModels, mayCall: () => void): RoleModels {
  const guard = (model: Model): Model => ({
    ...model,
    async call(request, signal, mayTry) {
      mayCall();
      return model.call(request, signal, () => {
        mayCall();
        mayTry?.();
      });
    },
  });
  return {
    target: guard(target),
    ...(judge !== undefined && { judge: guard(judge) }),
    reflection: guard(reflection),
  };
}
