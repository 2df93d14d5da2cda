/** `count` evenly spaced timestamps from 0, in seconds. Empty if the duration is unknown. */
export function evenTimes(durationSeconds: number, count: number): number[] {
  if (!Number.isFinite(durationSeconds) || durationSeconds <= 0) return [];
  return Array.from({ length: count }, (_, i) => (i * durationSeconds) / count);
}

/** Formats seconds as `m:ss.t`, or `h:mm:ss.t` from one hour. */
export function formatTime(seconds: number): string {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
