/** How the program ends. */
export const EXIT = {
  ok: 0,
  /** It could not do or go on with its work. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
} as const;
