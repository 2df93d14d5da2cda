import { signal } from '@preact/signals';

import { fileKind, isArchive } from '../../media/file-kind.js';
import { completeUploads, listArrived } from '../jobs-api.js';
import type { PathFile } from './dropped-files.js';
import { findMissing } from './missing-files.js';
import { sendUpload } from './send-upload.js';
import { createUploadQueue, type UploadQueue } from './upload-queue.js';
import {
  type ChosenFile,
  chosenFiles,
  forgetUploads,
  rememberChosen,
  toChosen,
} from './upload-storage.js';

const queues = signal<ReadonlyMap<string, UploadQueue>>(new Map());

/** The uploads of a job that began in this window. A component that calls this renders again when there are some. */
export function uploadsOf(job: string): UploadQueue | undefined {
  return queues.value.get(job);
}

/** Uploads all files of a new job, and ends its listing when it has them. */
export async function startUploads(job: string, files: readonly PathFile[]): Promise<void> {
  await rememberChosen(job, files.map(toChosen));
  addUploads(job, files);
}

/** Uploads files to a job that waits for them. */
export function addUploads(job: string, files: readonly PathFile[]): void {
  const queue = createUploadQueue(files, (file, onProgress, stop) =>
    sendUpload(job, file, onProgress, stop),
  );
  queues.value = new Map(queues.peek()).set(job, queue);
  void runUploads(job, queue);
}

/** Goes on with uploads that were stopped or that failed. */
export function resumeUploads(job: string): void {
  const queue = queues.peek().get(job);
  if (queue) void runUploads(job, queue);
}

async function runUploads(job: string, queue: UploadQueue): Promise<void> {
  addEventListener('beforeunload', warn);
  try {
    await queue.run();
    const { phase, failed } = queue.state.peek();
    if (phase !== 'ended' || failed.length > 0) return;
    const { missing } = await findMissingFiles(job);
    if (missing?.length === 0) await finishUploads(job);
    // The person chooses the rest.
    else removeQueue(job);
  } catch {
    // The service was lost after the last file. The buttons are still there.
  } finally {
    removeEventListener('beforeunload', warn);
  }
}

/** What a job still needs, and what it has. @throws ServiceError */
export async function findMissingFiles(job: string): Promise<{
  /** Undefined if the files were chosen in another browser. */
  readonly missing: readonly ChosenFile[] | undefined;
  /** Paths. */
  readonly arrived: ReadonlySet<string>;
}> {
  const [chosen, arrived] = await Promise.all([chosenFiles(job), listArrived(job)]);
  return { missing: chosen && findMissing(chosen, arrived), arrived };
}

/** Ends the listing of a job with the files that it has. @throws ServiceError */
export async function finishUploads(job: string): Promise<void> {
  await completeUploads(job);
  removeQueue(job);
  await forgetUploads(job);
}

function removeQueue(job: string): void {
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
  /** Numbers of files. */
  readonly archives: number;
  readonly others: number;
} {
  const visible = files.filter(({ path }) => !/(?:^|\/)(?:\.|Thumbs\.db$|__MACOSX\/)/.test(path));
  const media = visible.filter(({ file }) => fileKind(file) !== null);
  const archives = visible.filter(({ file }) => isArchive(file)).length;
  return { media, archives, others: visible.length - media.length - archives };
}
