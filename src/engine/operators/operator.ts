import type { Components } from "../../domain/spec.ts";
import type { Member } from "../state.ts";

/** What an operator would work on. */
export interface OperatorView {
  readonly parent: Member;
  /** A second candidate of another lineage that is better on some examples; absent where there is none. */
  readonly mate?: Member;
}

interface Described {
  /** As it stands in events and in `config.operators`. */
  readonly name: string;
  /** How often it is tried, relative to the others, where the caller does not say. */
  readonly weight: number;
  /** It joins two candidates, so the second one is a parent too. */
  readonly usesMate: boolean;
  /** Whether it can do anything here; asked before it is drawn. */
  applies(view: OperatorView): boolean;
}

/** An edit that the reflection model makes: it is told what kind of edit to make. */
export interface ReflectiveOperator extends Described {
  readonly kind: "reflective";
  /** The order to the reflection model, in the imperative. */
  readonly order: string;
}

/** A recombination that needs no model. */
export interface CombiningOperator extends Described {
  readonly kind: "combining";
  /** The child of two candidates; undefined where it would equal one of them. */
  combine(parents: readonly [Member, Member], ancestor: Member): Components | undefined;
}

/** A way to make a new candidate. */
export type Operator = ReflectiveOperator | CombiningOperator;
