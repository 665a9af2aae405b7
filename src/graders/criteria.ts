/** Objectives the service measures itself, without asking the judge. */
export const MEASURED_OBJECTIVES: readonly string[] = ["brevity", "diversity", "latency", "cost"];

/** The objectives that are criteria for the judge, in their order, each once. */
export function judgedCriteria(objectives: readonly string[]): string[] {
  return [...new Set(objectives)].filter((name) => !MEASURED_OBJECTIVES.includes(name));
}
