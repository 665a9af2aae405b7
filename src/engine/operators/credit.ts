import { EDIT_DEVIATION } from "../belief.ts";
import type { Effect, Member, State } from "../state.ts";

/** How far the mean effects of operators are believed to lie apart: half as far as the effects of single edits do. */
const OPERATOR_DEVIATION = EDIT_DEVIATION / 2;
/** An operator whose edits are believed to be better by this much score than all edits are is drawn e times as often. */
const TEMPERATURE = 0.02;

/** By how much more often than its weight says an operator is to be drawn; 1 where nothing speaks for it or against it. */
export type Credit = (operator: string) => number;

/**
 * What each operator is to be credited with: what its edits did to the score, shrunk towards what all edits did, for a
 * job sees few of each (the posterior mean of a normal effect, in the exponent as in a Boltzmann choice). `noise` is the
 * variance of one score.
 */
export function operatorCredit({ pool, rejected }: Pick<State, "pool" | "rejected">, noise: number): Credit {
  const members = new Map(pool.map((m) => [m.id, m]));
  const all: Evidence = { weight: 0, sum: 0 };
  const byOperator = new Map<string, Evidence>();
  const note = (operator: string, effect: Effect | undefined) => {
    if (!effect) return;
    const own = byOperator.get(operator) ?? { weight: 0, sum: 0 };
    byOperator.set(operator, own);
    const weight = 1 / (EDIT_DEVIATION ** 2 + (2 * noise) / effect.examples);
    for (const evidence of [all, own]) {
      evidence.weight += weight;
      evidence.sum += weight * effect.change;
    }
  };
  for (const member of pool) note(member.operator, effectOf(member, members));
  for (const { operator, effect } of rejected) note(operator, effect);
  return (operator) => {
    const { weight, sum } = byOperator.get(operator) ?? { weight: 0, sum: 0 };
    const lead =
      weight === 0 ? 0 : (sum - (weight * all.sum) / all.weight) / (weight + OPERATOR_DEVIATION ** -2);
    return Math.exp(lead / TEMPERATURE);
  };
}

/** Effects weighed by how sure they are. */
interface Evidence {
  weight: number;
  sum: number;
}

/** What an edit of the pool did, against the parent it compares worse with; undefined for the seed. */
function effectOf(child: Member, members: ReadonlyMap<string, Member>): Effect | undefined {
  const effects = child.parentIds.flatMap((id) => {
    const parent = members.get(id);
    return parent ? (between(child, parent) ?? []) : [];
  });
  return effects.reduce<Effect | undefined>((a, b) => (a && a.change <= b.change ? a : b), undefined);
}

function between(child: Member, parent: Member): Effect | undefined {
  let sum = 0;
  let examples = 0;
  for (const id of Object.keys(child.scores)) {
    const [after, before] = [child.scores[id], parent.scores[id]];
    if (after === undefined || before === undefined) continue;
    sum += after - before;
    examples++;
  }
  return examples === 0 ? undefined : { change: sum / examples, examples };
}
