/** Why a job ended with a result. A budget that is used up is a normal end, not an error. */
export const STOP_REASONS = [
  "iterations",
  "metric_calls",
  "model_calls",
  "tokens",
  "cost",
  "wall_time",
  "solved",
  "target_score",
  "plateau",
  "stopped",
  "no_progress",
] as const;
export type StopReason = (typeof STOP_REASONS)[number];
