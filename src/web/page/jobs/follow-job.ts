import type { Job } from './job-types.js';
import { eventsUrl } from './jobs-api.js';

/** Names of the events after which figures change that `progress` does not have. */
const CHANGES = [
  ...['listed', 'started', 'pilot-done', 'paused', 'held', 'resumed', 'retried'],
  ...['cancelled', 'done'],
] as const;
/** Milliseconds until a refused connection is tried again. The browser itself repeats a lost one. */
const RETRY_MS = 5_000;

export interface JobFollower {
  readonly onProgress: (job: Job) => void;
  readonly onChange: () => void;
}

/** Whether nothing more happens to a job by itself. */
export function hasEnded({ state }: Job): boolean {
  return state === 'done' || state === 'cancelled' || state === 'deleting';
}

/** Follows the events of a job until it ends. @returns a function that stops. */
export function followJob(id: string, { onProgress, onChange }: JobFollower): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    const opened = new EventSource(eventsUrl(id));
    source = opened;
    opened.addEventListener('progress', ({ data }: MessageEvent<string>) => {
      const job = JSON.parse(data) as Job;
      onProgress(job);
      if (hasEnded(job)) opened.close();
    });
    for (const name of CHANGES) opened.addEventListener(name, onChange);
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
