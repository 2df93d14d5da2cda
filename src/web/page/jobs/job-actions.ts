import type { Job } from './job-types.js';

export type JobChange = 'pause' | 'resume' | 'retry' | 'cancel' | 'delete';

/** What can be done with a job now. */
export function changesOf(job: Job): readonly JobChange[] {
  const { state, counts } = job;
  const retry: readonly JobChange[] = counts.failed > 0 && job.kind !== 'batch' ? ['retry'] : [];
  switch (state) {
    case 'active':
      return ['pause', ...retry, 'cancel'];
    case 'paused':
      return ['resume', ...retry, 'cancel'];
    case 'done':
      return [...retry, 'delete'];
    case 'cancelled':
      return ['delete'];
    case 'cancelling':
    case 'deleting':
      return [];
  }
}

/** Whether a pilot is done and the rest of the job waits for a decision. */
export function waitsAfterPilot({ state, pilot, counts }: Job): boolean {
  return state === 'paused' && pilot?.state === 'done' && counts.queued > 0;
}

/** Seconds for the items that are left, at the pace of the pilot. */
export function secondsAfterPilot(
  { counts }: Job,
  pilot: { readonly items: number; readonly seconds: number },
): number | null {
  if (pilot.items === 0) return null;
  return (counts.queued * pilot.seconds) / pilot.items;
}
