import { WORLDS } from "./worlds/registry.ts";

/** What the reference is, as the page prints it. */
const REFERENCE =
  'The engine of this service with config.profile "reference", which decides as gepa 0.1.4 did in 19 recorded runs. ' +
  "Its knobs are the defaults of `gepa.optimize`: minibatch 3, instance front, one proposal an iteration, strict " +
  "improvement, no cache, perfect minibatches skipped, no merge. A world of several components merges, as the launcher " +
  "of such programs, `dspy.GEPA`, does by default. It is charged for what it repeats, as gepa is, returns its best " +
  "candidate whatever the test says, and keeps the same rollouts back for that test as the default does.";

/** What is compared, and in which worlds: Markdown, as it stands in docs/BENCHMARKS.md. */
export function describeWorlds(): string {
  const worlds = WORLDS.map(
    ({ name, description, parameters }) =>
      `### ${name}\n\n${description}\n\n\`\`\`json\n${JSON.stringify(parameters)}\n\`\`\``,
  );
  return [`### reference\n\n${REFERENCE}`, ...worlds].join("\n\n");
}
