import { type DetailedError, type PreviousUpload, Upload, type UrlStorage } from 'tus-js-client';

import { readProblem, ServiceError } from '../../service/service-error.js';
import { jobPath } from '../jobs-api.js';
import type { PathFile } from './dropped-files.js';
import {
  fingerprintOf,
  readAddress,
  removeAddress,
  storeAddress,
  toChosen,
} from './upload-storage.js';

/** Milliseconds before each attempt after a lost connection. After the last one, the queue waits. */
const RETRY_DELAYS_MS = [0, 1_000, 3_000];
/** Bytes of a request: proxies limit it, and what a lost connection may cost. */
const CHUNK_BYTES = 16e6;

const addresses: UrlStorage = {
  findAllUploads: () => Promise.resolve([]),
  async findUploadsByFingerprint(fingerprint) {
    const found = await readAddress<Omit<PreviousUpload, 'urlStorageKey'>>(fingerprint);
    return found ? [{ ...found, urlStorageKey: fingerprint }] : [];
  },
  removeUpload: removeAddress,
  async addUpload(fingerprint, upload) {
    await storeAddress(fingerprint, upload);
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
  const fingerprint = fingerprintOf(job, toChosen({ path, file }));
  const previous = await addresses.findUploadsByFingerprint(fingerprint).catch(() => []);
  await new Promise<void>((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: new URL(`${jobPath(job)}/uploads`, document.baseURI).href,
      metadata: { filename: path },
      chunkSize: CHUNK_BYTES,
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

function toServiceError(error: Error | DetailedError): ServiceError {
  const body = 'originalResponse' in error ? error.originalResponse?.getBody() : undefined;
  const problem = readProblem(body);
  return problem ? new ServiceError('problem', problem) : new ServiceError('unreachable');
}
