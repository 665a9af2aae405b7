import type { Acceptance, ProposalSelection } from "../../domain/reference-config.ts";

/** Sums of a child and its parent on the child's minibatch. */
export interface Margin {
  readonly before: number;
  readonly after: number;
}

/** acceptance.py: plain comparison of the sums, rounding and all. */
export function isAccepted(acceptance: Acceptance, { before, after }: Margin): boolean {
  return acceptance === "strict_improvement" ? after > before : after >= before;
}

/** proposal_selection.py: which of an iteration's proposals are validated, in the order they join. */
export function selectProposals<P extends Margin>(
  selection: ProposalSelection,
  acceptance: Acceptance,
  proposals: readonly P[],
): P[] {
  const accepted = proposals.filter((p) => isAccepted(acceptance, p));
  if (selection.kind === "all") return accepted;
  const byMargin = [...accepted].sort((a, b) => b.after - b.before - (a.after - a.before));
  return byMargin.slice(0, selection.kind === "best" ? 1 : selection.k);
}
