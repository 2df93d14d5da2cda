import { createStore, del, delMany, get, set } from 'idb-keyval';
import { type DetailedError, type PreviousUpload, Upload, type UrlStorage } from 'tus-js-client';

import { readProblem, ServiceError } from '../../service/service-error.js';
import { jobPath } from '../jobs-api.js';
import type { PathFile } from './dropped-files.js';

/** Milliseconds before each attempt after a lost connection: a service may restart meanwhile. */
const RETRY_DELAYS_MS = [0, 1_000, 3_000, 5_000, 10_000, 20_000];

type StoredUpload = Omit<PreviousUpload, 'urlStorageKey'>;

/** The addresses of uploads: in IndexedDB, because those of 12,000 files are too much for the local storage. */
const store = createStore('salamandra-uploads', 'addresses');

const addresses: UrlStorage = {
  findAllUploads: () => Promise.resolve([]),
  async findUploadsByFingerprint(fingerprint) {
    const found = await get<StoredUpload>(fingerprint, store);
    return found ? [{ ...found, urlStorageKey: fingerprint }] : [];
  },
  removeUpload: (key) => del(key, store),
  async addUpload(fingerprint, upload) {
    await set(fingerprint, upload, store);
    return fingerprint;
  },
};

/** Uploads a file of a job, or the rest of it, also after a reload of the page (tus 1.0). @throws ServiceError */
export async function sendUpload(
  job: string,
  { path, file }: PathFile,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const fingerprint = fingerprintOf(job, { path, file });
  const previous = await addresses.findUploadsByFingerprint(fingerprint).catch(() => []);
  await new Promise<void>((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: new URL(`${jobPath(job)}/uploads`, document.baseURI).href,
      metadata: { filename: path },
      retryDelays: RETRY_DELAYS_MS,
      uploadDataDuringCreation: true,
      fingerprint: () => Promise.resolve(fingerprint),
      urlStorage: addresses,
      onProgress,
      onSuccess: () => resolve(),
      onError: (error) => reject(toServiceError(error)),
    });
    signal.addEventListener('abort', () => {
      void upload.abort();
      reject(new ServiceError('interrupted'));
    });
    const [address] = previous;
    if (address) upload.resumeFromPreviousUpload(address);
    upload.start();
  });
}

/** Forgets the addresses of a job that has all of its files. */
export async function forgetUploads(job: string, files: readonly PathFile[]): Promise<void> {
  await delMany(
    files.map((file) => fingerprintOf(job, file)),
    store,
  );
}

/** The same file, dropped again, goes on where it was. */
function fingerprintOf(job: string, { path, file }: PathFile): string {
  return [job, path, file.size, file.lastModified].join('|');
}

function toServiceError(error: Error | DetailedError): ServiceError {
  const body = 'originalResponse' in error ? error.originalResponse?.getBody() : undefined;
  const problem = readProblem(body);
  return problem ? new ServiceError('problem', problem) : new ServiceError('unreachable');
}
