import type { Components, Example } from "../../../../src/domain/spec.ts";
import type { Grader } from "../../../../src/graders/grader.ts";
import type { Model } from "../../../../src/models/model.ts";
import type { Stage } from "./simulated.ts";

/**
 * A simulated task. Everything in it is keyed by content: an answer is a pure function of the world's seed, the text
 * of the request and its sample index. Both profiles therefore meet one and the same world, whatever they ask and in
 * whatever order.
 */
export interface World {
  readonly name: string;
  /** What is hard here, in a sentence or two. */
  readonly description: string;
  /** Every number that makes the world, as the page prints it. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The world of one seed, its models waiting on the given stage. */
  open(seed: number, stage: Stage): OpenWorld | Promise<OpenWorld>;
}

/** One world of one seed. */
export interface OpenWorld {
  readonly examples: readonly Example[];
  /** The seed prompt. */
  readonly components: Components;
  readonly target: Model;
  readonly reflection: Model;
  readonly grader: Grader;
  /** The score the prompt would get on endlessly many fresh examples (the real world: on its test split). Costs nothing and is never shown to the engine. */
  trueScore(components: Components): number | Promise<number>;
}
