import type { Intent } from "./intent.ts";
import { carryOut, type Bench, type Material, type Notice, type Outcome } from "./proposal.ts";
import { holderOf } from "./commit.ts";
import { memberOf, textDigest, type State } from "./state.ts";

/** A proposal under way. What it tells waits here until everything before it is committed: a handful of notices. */
export interface Flight {
  readonly intent: Intent;
  /** What it told so far and will tell, from the start. */
  notices(): AsyncGenerator<Notice, void, void>;
  readonly outcome: Promise<Outcome>;
}

/** Starts a proposal. It goes on whether or not anybody listens. */
export function takeOff(bench: Bench, state: State, intent: Intent): Flight {
  const told: Notice[] = [];
  let landed = false;
  let wake: () => void = () => undefined;
  const outcome = carryOut(bench, intent, materialOf(state, intent), (notice) => {
    told.push(notice);
    wake();
  }).finally(() => {
    landed = true;
    wake();
  });
  outcome.catch(() => undefined); // Whoever awaits it gets the error; nobody may, once the run has ended.
  return {
    intent,
    outcome,
    async *notices() {
      for (let i = 0; ; i++) {
        while (told[i] === undefined && !landed) await new Promise<void>((resolve) => (wake = resolve));
        const notice = told[i];
        if (notice === undefined) return;
        yield notice;
      }
    },
  };
}

/** The texts an intent names. Whoever joined after it was decided does not count, so that a resume finds the same. */
function materialOf(state: State, intent: Intent): Material {
  const [parentId, mateId] = intent.parentIds;
  const lessons = new Map(state.lessons.map((l) => [l.id, l.text]));
  return {
    parent: memberOf(state, parentId ?? ""),
    ...(mateId === undefined ? {} : { mate: memberOf(state, mateId) }),
    ...(intent.ancestorId === undefined ? {} : { ancestor: memberOf(state, intent.ancestorId) }),
    lessons: intent.lessonIds.flatMap((id) => lessons.get(id) ?? []),
    heldBy: (components) => holderOf(state, textDigest(components), intent.asOf),
  };
}
