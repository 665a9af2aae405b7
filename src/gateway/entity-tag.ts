/** Whether If-None-Match names this tag; weak and strong tags compare as equal (RFC 9110, section 13.1.2). */
export function matchesNoneOf(header: string | null, tag: string): boolean {
  if (header === null) return false;
  if (header.trim() === "*") return true;
  return [...header.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, given]) => given === tag);
}
