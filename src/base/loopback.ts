/** Whether an address, or a name, is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The same of a `Host` header (RFC 9110, section 7.2), with or without a port. */
export function namesLoopback(hostHeader: string): boolean {
  const host = /^(?:\[(.*)\]|([^:]*))(?::\d*)?$/.exec(hostHeader);
  return isLoopback((host?.[1] ?? host?.[2] ?? "").toLowerCase());
}
