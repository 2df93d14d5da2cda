import { readProblem, ServiceError } from './service-error.js';

/** Timeout of a small reply in milliseconds, long enough for a busy machine. */
const TIMEOUT_MS = 10_000;
/** Timeout of a change, which may wait for the write lock of the database. */
const CHANGE_TIMEOUT_MS = 60_000;

interface ChangeOptions {
  /** Milliseconds; `null` for a change whose duration grows with the job. 60,000 by default. */
  readonly timeoutMs?: number | null;
}

const NO_KEY = { code: 'UNAUTHENTICATED', detail: 'The service needs an API key.' };

/** Sends GET and passes the reply to `read`. @throws ServiceError */
export async function get<T>(path: string, read: (reply: Response) => Promise<T>): Promise<T> {
  return await request(path, { cache: 'no-cache' }, TIMEOUT_MS, read);
}

/** Sends GET for a JSON object. @throws ServiceError */
export async function getJson<T>(path: string): Promise<T> {
  return await get(path, (reply) => reply.json() as Promise<T>);
}

/** Sends GET for a list of the HTTP API, `{ data: [...] }`. @throws ServiceError */
export async function getList<T>(path: string): Promise<readonly T[]> {
  const { data } = await getJson<{ data: readonly T[] }>(path);
  return data;
}

/** Posts JSON and returns the reply, which is JSON too. @throws ServiceError */
export async function postJson<T>(
  path: string,
  body: object,
  options: ChangeOptions = {},
): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return await post(path, JSON.stringify(body), headers, options);
}

/** Posts a body and returns the reply, which is JSON. @throws ServiceError */
export async function post<T>(
  path: string,
  body: Blob | string,
  headers: Readonly<Record<string, string>>,
  { timeoutMs = CHANGE_TIMEOUT_MS }: ChangeOptions = {},
): Promise<T> {
  const init = { method: 'POST', headers, body };
  return await request(path, init, timeoutMs, (reply) => reply.json() as Promise<T>);
}

/** Sends DELETE. @throws ServiceError */
export async function sendDelete(path: string): Promise<void> {
  await request(path, { method: 'DELETE' }, CHANGE_TIMEOUT_MS, (reply) => reply.text());
}

/** Keeps an API key for this browser session. @returns why it failed, else `null` */
export async function openSession(key: string): Promise<'wrong' | 'unreachable' | null> {
  // A header holds Latin-1 only; other characters are in no key.
  if (!/^[\x21-\x7e]+$/.test(key)) return 'wrong';
  const init = { method: 'POST', headers: { 'x-api-key': key } };
  try {
    await request('session', init, CHANGE_TIMEOUT_MS, (reply) => reply.text());
    return null;
  } catch (error) {
    return error instanceof ServiceError && error.kind === 'problem' ? 'wrong' : 'unreachable';
  }
}

async function request<T>(
  path: string,
  init: RequestInit,
  timeoutMs: number | null,
  read: (reply: Response) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  try {
    const signal = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
    const reply = await fetch(path, { ...init, signal });
    if (reply.ok) return await read(reply);
    // The routes of OpenAI's API have another form of errors.
    failure = reply.status === 401 ? NO_KEY : await reply.text();
  } catch {
    throw new ServiceError('unreachable');
  }
  const problem = readProblem(failure);
  throw problem ? new ServiceError('problem', problem) : new ServiceError('unreachable');
}
