import { signal } from '@preact/signals';

import { fileKind } from '../../media/file-kind.js';
import { completeUploads } from '../jobs-api.js';
import type { PathFile } from './dropped-files.js';
import { forgetUploads, sendUpload } from './send-upload.js';
import { createUploadQueue, type UploadQueue } from './upload-queue.js';

const queues = signal<ReadonlyMap<string, UploadQueue>>(new Map());

/** The uploads of a job that began in this window. A component that calls this renders again when there are some. */
export function uploadsOf(job: string): UploadQueue | undefined {
  return queues.value.get(job);
}

/** Uploads files to a job, and ends its listing when it has all of them. */
export function startUploads(job: string, files: readonly PathFile[]): void {
  const queue = createUploadQueue(files, (file, onProgress, stop) =>
    sendUpload(job, file, onProgress, stop),
  );
  queues.value = new Map(queues.peek()).set(job, queue);
  void runUploads(job, queue, files);
}

/** Goes on with uploads that were stopped or that failed. */
export function resumeUploads(job: string): void {
  const queue = queues.peek().get(job);
  if (queue) void runUploads(job, queue, []);
}

async function runUploads(
  job: string,
  queue: UploadQueue,
  files: readonly PathFile[],
): Promise<void> {
  addEventListener('beforeunload', warn);
  try {
    await queue.run();
  } finally {
    removeEventListener('beforeunload', warn);
  }
  const { phase, failed } = queue.state.peek();
  if (phase !== 'ended' || failed.length > 0) return;
  await finishUploads(job);
  await forgetUploads(job, files).catch(() => undefined);
}

/** Ends the listing of a job with the files that it has. @throws ServiceError */
export async function finishUploads(job: string): Promise<void> {
  await completeUploads(job);
  const rest = new Map(queues.peek());
  rest.delete(job);
  queues.value = rest;
}

/** The browser asks before it leaves the page. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Separates images and videos from other files, which stay on this computer. Hidden ones are not counted. */
export function sortOutFiles(files: readonly PathFile[]): {
  readonly media: readonly PathFile[];
  readonly others: number;
} {
  const visible = files.filter(({ path }) => !/(?:^|\/)(?:\.|Thumbs\.db$|__MACOSX\/)/.test(path));
  const media = visible.filter(({ file }) => fileKind(file) !== null);
  return { media, others: visible.length - media.length };
}
