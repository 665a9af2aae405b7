/** Lists the benchmarks, or runs one: `npm run bench -- engine --quick`. What follows the name is the benchmark's own. */

interface Bench {
  readonly about: string;
  run(): Promise<unknown>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  engine: {
    about: "the default engine against the reference, in simulated worlds and a real one",
    run: () => import("./engine/main.ts"),
  },
};

const name = process.argv[2];
const bench = BENCHES[name ?? ""];
if (bench === undefined) {
  console.log("npm run bench -- <name> [options]\n");
  for (const [known, { about }] of Object.entries(BENCHES)) console.log(`  ${known.padEnd(10)} ${about}`);
  if (name !== undefined) process.exitCode = 1;
} else {
  process.argv.splice(2, 1);
  await bench.run();
}
