import { locale, t } from '../locales/locale.js';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A duration in its largest fitting unit, in words of the page language. */
export function formatDuration(seconds: number): string {
  const { duration } = t().jobs;
  if (seconds < 1.5 * MINUTE) return duration.seconds(Math.max(1, Math.round(seconds)));
  if (seconds < 1.5 * HOUR) return duration.minutes(Math.round(seconds / MINUTE));
  if (seconds < 2 * DAY) return duration.hours(Math.round(seconds / HOUR));
  return duration.days(Math.round(seconds / DAY));
}

/** Date and time of an ISO 8601 time, in the page language. */
export function formatWhen(iso: string): string {
  const format = new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' });
  return format.format(new Date(iso));
}
