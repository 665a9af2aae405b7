/** Private and loopback IPv4 ranges (RFC 1918, RFC 1122). */
const PRIVATE_IPV4 = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;

/** Loopback, unique-local and link-local IPv6 addresses (RFC 4291, RFC 4193). */
const PRIVATE_IPV6 = /^(?:::1$|f[cd]|fe[89ab])/;

/**
 * Whether an endpoint is on this machine or in this network, where model servers seldom ask for a key: a private
 * address, `localhost`, a name without a dot (as in Docker Compose) or one under .local, .internal or .localhost.
 */
export function isLocal(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return false;
  const host = new URL(baseUrl).hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (/^[\d.]+$/.test(host)) return PRIVATE_IPV4.test(host);
  if (host.includes(":")) return PRIVATE_IPV6.test(host);
  return !host.includes(".") || /\.(?:local|internal|localhost)$/.test(host);
}
