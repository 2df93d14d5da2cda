/** Times at the start of equal parts of a clip, in seconds; none where its length is not known. */
export function evenTimes(durationSeconds: number, count: number): number[] {
  if (!Number.isFinite(durationSeconds) || durationSeconds <= 0) return [];
  return Array.from({ length: count }, (_, i) => (i * durationSeconds) / count);
}

/** `m:ss.t`, with hours where there are some. */
export function formatTime(seconds: number): string {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
