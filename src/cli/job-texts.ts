import type { PilotResult, FailureCount, JobProgress } from '../jobs/job-progress.js';
import type { Job } from '../jobs/jobs.js';

/** A job's state in a word, with the reason if it waits. */
export function describeState(job: Job, now: number): string {
  if (job.state === 'active') {
    if (job.hold_until > now) return `waiting: ${job.hold_reason}`;
    if (job.listed_at === 0) {
      return job.listed_by === 'client' ? 'receiving uploads' : 'listing the source';
    }
    return job.started_at === 0 ? 'waiting for a worker' : 'running';
  }
  return job.state === 'paused' ? `paused: ${job.pause_reason}` : job.state;
}

/** `120 of 10,000 · 3 failed · 212 an hour · 46 h left`. */
export function describeProgress(
  job: Job,
  { total, ended, perHour, secondsLeft }: JobProgress,
): string {
  const { dead, reused } = job.counts;
  const known = job.listed_at > 0 ? formatCount(total) : `${formatCount(total)} found so far`;
  return [
    `${formatCount(ended)} of ${known}`,
    ...(dead > 0 ? [`${formatCount(dead)} failed`] : []),
    ...(reused > 0 ? [`${formatCount(reused)} known`] : []),
    ...(perHour !== null ? [`${formatCount(perHour)} an hour`] : []),
    ...(secondsLeft !== null && secondsLeft > 0 ? [`${formatDuration(secondsLeft)} left`] : []),
  ].join(' · ');
}

export function describePilot(
  job: Job,
  { items, failed, seconds }: PilotResult,
  { total, ended }: JobProgress,
): readonly string[] {
  const each = seconds / Math.max(1, items);
  const left = formatDuration(each * (total - ended));
  const failures = failed > 0 ? `, ${failed} failed` : '';
  return [
    `Pilot: ${items} items in ${formatDuration(seconds)} (${each.toPrecision(2)} s an item${failures}).`,
    `The other ${formatCount(total - ended)} take about ${left} at this rate.`,
    `Read the texts: npx salamandra jobs results ${job.id}`,
    `Go on:          npx salamandra jobs resume ${job.id}`,
  ];
}

export function describeFailures(failures: readonly FailureCount[]): string {
  return failures.map(({ code, items }) => `${code} ${formatCount(items)}`).join(', ');
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `8 s`, `12 min`, `5 h 20 min`, `3 d 4 h`. */
function formatDuration(seconds: number): string {
  if (seconds < 99.5)
    return `${seconds < 9.5 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return withRest(`${hours} h`, minutes % 60, 'min');
  return withRest(`${Math.floor(hours / 24)} d`, hours % 24, 'h');
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}
