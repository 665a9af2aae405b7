import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigError, type ConfigFault } from "../config/config-error.ts";

/** Where certificate and key are. */
export interface TlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
}

/**
 * The PEM texts of certificate and key. Rejects with a `ConfigError` that names the variable where a file can not be
 * read, or where the two are no pair.
 */
export async function readTls({
  keyFile,
  certFile,
}: TlsFiles): Promise<{ readonly key: Buffer; readonly cert: Buffer }> {
  const faults: ConfigFault[] = [];
  const read = (variable: string, path: string) =>
    readFile(path).catch((error: NodeJS.ErrnoException) => {
      faults.push({ key: variable, message: `names ${path}, which can not be read (${error.code}).` });
      return Buffer.alloc(0);
    });
  const cert = await read("TLS_CERT_FILE", certFile);
  const key = await read("TLS_KEY_FILE", keyFile);
  if (faults.length > 0) throw new ConfigError(faults);
  try {
    createSecureContext({ key, cert });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `names ${certFile}, which can not be used with TLS_KEY_FILE ${keyFile} (${why}); give a certificate chain and its own private key, both as PEM.`;
    throw new ConfigError([{ key: "TLS_CERT_FILE", message }]);
  }
  return { key, cert };
}
