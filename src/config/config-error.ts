/** One thing that is wrong, and what to do about it. */
export interface ConfigFault {
  /** The variable or flag at fault. */
  readonly key: string;
  readonly message: string;
}

/** The configuration can not be used. Names every fault at once, never a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super(faults.map((f) => `${f.key}: ${f.message}`).join("\n"));
    this.faults = faults;
  }
}
