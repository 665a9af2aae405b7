import { backUp, moveData } from "../app/maintain.ts";
import { AppError } from "../base/errors.ts";
import type { Config } from "../config/load-config.ts";
import { EXIT } from "./exit-code.ts";
import { configOrFaults } from "./read-config.ts";

/** Options of the commands that work on the data while no server uses them. */
export interface MaintainFlags {
  readonly dataDir?: string;
}

/** Moves the data folder's store into Postgres. Gives the exit code. */
export function migrate({ to, ...flags }: MaintainFlags & { readonly to?: string }): Promise<number> {
  const given = to === undefined ? {} : { databaseUrl: to };
  return maintain({ ...flags, ...given }, async (config) => {
    const url = config.databaseUrl?.reveal();
    if (url === undefined) {
      console.error(
        "gepa-next: where to? Give --to postgres://user:password@host/database, or set DATABASE_URL.",
      );
      return EXIT.usage;
    }
    for (const line of await moveData(config, url)) console.log(line);
    console.log(`Moved. Start the service with DATABASE_URL; ${config.dataDir} is as it was.`);
    return EXIT.ok;
  });
}

/** Writes a copy of the data folder's database. Gives the exit code. */
export function backup(file: string, flags: MaintainFlags): Promise<number> {
  return maintain(flags, async (config) => {
    await backUp(config, file);
    console.log(`Wrote ${file}.`);
    return EXIT.ok;
  });
}

async function maintain(
  flags: Parameters<typeof configOrFaults>[0],
  work: (config: Config) => Promise<number>,
): Promise<number> {
  const config = configOrFaults(flags);
  if (config === undefined) return EXIT.usage;
  try {
    return await work(config);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    console.error(`gepa-next: ${error.message}`);
    return EXIT.failed;
  }
}
