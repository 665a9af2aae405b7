import type { SqlValue } from "../driver.ts";

/** Parameters of a statement that is put together piece by piece. */
export interface Bindings {
  readonly values: readonly SqlValue[];
  /** Adds a value and gives its placeholder. */
  add(value: SqlValue): string;
  /** Adds several and gives `$2, $3, …`. */
  list(values: readonly SqlValue[]): string;
}

/** Empty bindings. */
export function bindings(): Bindings {
  const values: SqlValue[] = [];
  const add = (value: SqlValue) => `$${values.push(value)}`;
  return { values, add, list: (several) => several.map(add).join(", ") };
}
