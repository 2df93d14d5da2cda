import { readProblem, ServiceError } from './service-error.js';

/** Timeout of a small reply in milliseconds, long enough for a busy machine. */
const TIMEOUT_MS = 10_000;

/** Sends GET and passes the reply to `read`. @throws ServiceError */
export async function get<T>(path: string, read: (reply: Response) => Promise<T>): Promise<T> {
  let failure: unknown;
  try {
    const reply = await fetch(path, { cache: 'no-cache', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (reply.ok) return await read(reply);
    failure = await reply.text();
  } catch {
    throw new ServiceError('unreachable');
  }
  const problem = readProblem(failure);
  throw problem ? new ServiceError('problem', problem) : new ServiceError('unreachable');
}

/** Sends GET for a list of the HTTP API, `{ data: [...] }`. @throws ServiceError */
export async function getList<T>(path: string): Promise<readonly T[]> {
  const { data } = await get(path, (reply) => reply.json() as Promise<{ data: readonly T[] }>);
  return data;
}
