/**
 * The parts of the profile `default` that can be taken out one at a time, so that a benchmark can say what each of them
 * is worth. Jobs always run with all of them.
 */
export interface Tactics {
  /** Validation in blocks: after its first one only whoever promises most is run on. Off: all at once. */
  readonly racing: boolean;
  /** Parents are drawn by what is believed of them. Off: by their wins on the front alone. */
  readonly sampling: boolean;
  /** Objectives the caller named have a say in who becomes a parent. */
  readonly goals: boolean;
  /** The parent's known failures are shown beside the minibatch. */
  readonly knownFailures: boolean;
  /** A minibatch on which the parent turns out perfect is drawn again. */
  readonly drawingOn: boolean;
  readonly lessons: boolean;
  readonly rejectedEdits: boolean;
  /** Operators that helped are drawn more often. */
  readonly adaptiveOperators: boolean;
}

/** Everything. */
export const ALL_TACTICS: Tactics = {
  racing: true,
  sampling: true,
  goals: true,
  knownFailures: true,
  drawingOn: true,
  lessons: true,
  rejectedEdits: true,
  adaptiveOperators: true,
};
