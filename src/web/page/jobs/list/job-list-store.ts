import { type ReadonlySignal, signal } from '@preact/signals';

import { followJob, hasEnded } from '../follow-job.js';
import type { Job } from '../job-types.js';
import { changeJob, deleteJob, listJobs } from '../jobs-api.js';

/** Jobs that are followed by events; a browser has six connections to a service. The others are polled. */
const MAX_FOLLOWED = 2;
const POLL_MS = 5_000;

const list = signal<readonly Job[] | null>(null);
const failure = signal<unknown>(null);

/** The jobs, newest first. `null` before the first reply. */
export const jobs: ReadonlySignal<readonly Job[] | null> = list;

/** Why the list could not be loaded, or a change of a job was refused; `null` after a success. */
export const jobListError: ReadonlySignal<unknown> = failure;

/** Keeps the list up to date. @returns a function that stops. */
export function watchJobs(): () => void {
  const followed = new Map<string, () => void>();
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = async () => {
    await reloadJobs();
    if (isStopped) return;
    const running = (list.peek() ?? []).filter((job) => !hasEnded(job)).slice(0, MAX_FOLLOWED);
    for (const [id, stop] of followed) {
      if (running.some((job) => job.id === id)) continue;
      stop();
      followed.delete(id);
    }
    for (const { id } of running) {
      if (followed.has(id)) continue;
      followed.set(id, followJob(id, { onProgress: putJob, onChange: () => undefined }));
    }
    timer = setTimeout(() => void update(), POLL_MS);
  };
  void update();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    for (const stop of followed.values()) stop();
  };
}

export async function reloadJobs(): Promise<void> {
  try {
    list.value = await listJobs();
    failure.value = null;
  } catch (error) {
    failure.value = error;
  }
}

/** Pauses, resumes, cancels, retries or deletes a job. */
export async function applyToJob(
  { id }: Job,
  change: 'pause' | 'resume' | 'cancel' | 'retry' | 'delete',
): Promise<void> {
  try {
    if (change === 'delete') {
      await deleteJob(id);
      list.value = (list.peek() ?? []).filter((job) => job.id !== id);
    } else {
      putJob(await changeJob(id, change));
    }
    failure.value = null;
  } catch (error) {
    failure.value = error;
  }
}

function putJob(changed: Job): void {
  const known = list.peek() ?? [];
  list.value = known.map((job) => (job.id === changed.id ? changed : job));
}
