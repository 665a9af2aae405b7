/** Objectives the service measures itself, without asking the judge. */
export const MEASURED_OBJECTIVES = ["brevity", "diversity", "latency", "cost"] as const;
export type MeasuredObjective = (typeof MEASURED_OBJECTIVES)[number];

/** The objectives that are criteria for the judge, in their order, each once. */
export function judgedCriteria(objectives: readonly string[]): string[] {
  return [...new Set(objectives)].filter(
    (name) => !(MEASURED_OBJECTIVES as readonly string[]).includes(name),
  );
}
