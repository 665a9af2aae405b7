/**
 * Examples of what goes over the wire, by message. A test reads each with the gateway's own reader or compares it with
 * its own schema, so that none can show what is not accepted.
 */
export const EXAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  "gepa.v1.OptimizeSpec": [
    {
      prompt: "You are an assistant that writes helpful answers.",
      target_model_id: "openai/gpt-5-mini",
      examples: [{ input: "Summarize containerization for a CTO", ideal: "Concise, trade-offs, ops view" }],
    },
    {
      prompt: "Answer with one word: positive or negative.",
      examples: [
        { input: "I would buy it again.", ideal: "positive" },
        { input: "It broke on the first day.", ideal: "negative" },
      ],
      grader: { exact: { ignore_case: true } },
      budget: { max_iterations: 5, max_metric_calls: 200 },
    },
  ],
  "gepa.v1.Event": [
    {
      id: 9,
      type: "finished",
      schema_version: 1,
      job_id: "0190b5a4-6c3e-7c55-9a3e-3f1d8a52f0aa",
      ts: 1712345678.123,
      data: { stop_reason: "iterations" },
    },
  ],
};
