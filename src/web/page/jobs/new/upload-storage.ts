/** What this browser remembers of uploads: in IndexedDB, because 12,000 files are too much for the local storage. */
import { createStore, del, delMany, get, set } from 'idb-keyval';

import type { PathFile } from './dropped-files.js';

/** A file that was chosen for a job. After a reload, the browser has no access to the file itself. */
export interface ChosenFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly lastModified: number;
}

const store = createStore('salamandra-uploads', 'addresses');

/** The address of an upload, as the tus client describes it. */
export async function readAddress<T>(fingerprint: string): Promise<T | undefined> {
  return await get<T>(fingerprint, store);
}

export async function storeAddress(fingerprint: string, address: object): Promise<void> {
  await set(fingerprint, address, store);
}

export async function removeAddress(fingerprint: string): Promise<void> {
  await del(fingerprint, store);
}

/** The same file, chosen again, goes on where it was. */
export function fingerprintOf(job: string, { path, size, lastModified }: ChosenFile): string {
  return [job, path, size, lastModified].join('|');
}

export function toChosen({ path, file }: PathFile): ChosenFile {
  return { path, size: file.size, lastModified: file.lastModified };
}

/** In memory too: private windows may have no IndexedDB. */
const chosenOf = new Map<string, readonly ChosenFile[]>();

/** Remembers which files a job will have. */
export async function rememberChosen(job: string, files: readonly ChosenFile[]): Promise<void> {
  chosenOf.set(job, files);
  await set(`files|${job}`, files, store).catch(() => undefined);
}

/** The files that were chosen for a job; undefined if that was in another browser. */
export async function chosenFiles(job: string): Promise<readonly ChosenFile[] | undefined> {
  const stored = () => get<readonly ChosenFile[]>(`files|${job}`, store).catch(() => undefined);
  return chosenOf.get(job) ?? (await stored());
}

/** Forgets a job that has all of its files. */
export async function forgetUploads(job: string): Promise<void> {
  const files = (await chosenFiles(job)) ?? [];
  chosenOf.delete(job);
  const keys = [`files|${job}`, ...files.map((file) => fingerprintOf(job, file))];
  await delMany(keys, store).catch(() => undefined);
}
