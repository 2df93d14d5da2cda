/** Retry-After in milliseconds (RFC 9110, section 10.2.3: seconds or a date), or null for other values. */
export function parseRetryAfter(text: string, nowMs = Date.now()): number | null {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
