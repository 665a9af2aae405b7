import { describe, expect, it } from "vitest";
import { replay, trajectories } from "../../support/parity.ts";

describe("the reference profile decides as gepa 0.1.4 did, event for event", () => {
  for (const trajectory of trajectories()) {
    it(`in the run ${trajectory.name}`, async () => {
      const { events, result, evaluatorCalls } = await replay(trajectory);
      expect(events).toEqual(trajectory.events);
      expect(result.pool.map((entry) => entry.mean)).toEqual(trajectory.val_aggregate_scores);
      expect(result.pool.map((entry) => (entry.parents.length === 0 ? [null] : entry.parents))).toEqual(
        trajectory.parents,
      );
      expect(result.best).toBe(trajectory.best_idx);
      expect(result.metricCalls).toBe(trajectory.total_metric_calls);
      expect(result.fullValidations).toBe(trajectory.num_full_val_evals);
      expect(result.pool.map((entry) => entry.discoveredAt)).toEqual(trajectory.discovery_eval_counts);
      expect(evaluatorCalls).toBe(trajectory.actual_evaluator_calls);
    });
  }
});
