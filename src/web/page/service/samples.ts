import type { Sample } from './api-types.js';
import { get, getList } from './get.js';

/** The files that the service brings along. @throws ServiceError */
export async function loadSamples(): Promise<readonly Sample[]> {
  return await getList<Sample>('/samples/index.json');
}

/** A sample as if it had been chosen from the disk. @throws ServiceError */
export async function fetchSample({ url, file }: Sample): Promise<File> {
  const blob = await get(url, (reply) => reply.blob());
  return new File([blob], file, { type: blob.type });
}
