/** One step of the schema. A step that was released is never edited: a change is a new step. */
export interface Migration {
  readonly version: number;
  /** Statements without parameters, in the shared SQL. */
  readonly sql: string;
}
