import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { REVOCATION_CHECK_MS } from '../../config/key-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { Scope, ValidKey } from '../../keys/key-records.js';
import type { Keyring } from '../../keys/keyring.js';
import { setClient, toClientAddress } from './client.js';
import { FailedAttempts } from './failed-attempts.js';

/** Paths that need no key, besides the files of the page. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health/live', '/health/ready']);

/** Paths whose POST requests use the model or receive media. */
export const MODEL_PATHS = [
  ...['/v1/captions', '/v1/answers', '/v1/videos/captions'],
  ...['/v1/chat/completions', '/v1/completions', '/v1/estimate', '/v1/thumbnails'],
  ...['/v1/receipts/replay', '/api/chat', '/api/generate'],
];

const JOB_PATH = /^\/v1\/(?:jobs|workers|files|batches)(?:\/|$)/;

/** The name of the cookie that keeps the key of a browser session. */
export const KEY_COOKIE = 'salamandra_key';

/**
 * The key that a request presents: `Authorization: Bearer`, `x-api-key`, or the cookie of `POST /session`. Undefined
 * without one.
 */
export function presentedKey({ headers }: Request): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const header = headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const cookie = new RegExp(`(?:^|;\\s*)${KEY_COOKIE}=([\\w-]+)`).exec(headers.cookie ?? '');
  return cookie?.[1];
}

/** The scope that a request needs; `null`: any key. */
function scopeOf(method: string, path: string): Scope | null {
  const route = routePath(path);
  if (route === '/session') return null;
  if (route === '/metrics') return 'admin';
  if (JOB_PATH.test(route)) return 'jobs';
  // Ollama's clients read facts about a model by POST.
  if (route === '/api/show') return 'read';
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : 'generate';
}

/** The path as the router compares it: without case and without a slash at the end. */
function routePath(path: string): string {
  return path.toLowerCase().replace(/(.)\/+$/, '$1');
}

/**
 * Express middleware: once keys exist, every request needs one with the scope of its route. The client of such a
 * request is its key. A key that is revoked, or expires, ends its open responses.
 *
 * The middleware throws UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED and STORAGE_UNAVAILABLE.
 */
export function createAuthentication(keys: Keyring): RequestHandler {
  const attempts = new FailedAttempts();
  const watch = createRevocationWatch(keys);

  return (request: Request, response: Response, next: NextFunction) => {
    if (OPEN_PATHS.has(request.path) || !keys.isRequired()) {
      next();
      return;
    }
    const { key, secretId } = identify(request, response);
    const scope = scopeOf(request.method, request.path);
    if (scope !== null && !key.scopes.includes(scope) && !key.scopes.includes('admin')) {
      throw new SalamandraError(
        'FORBIDDEN',
        `This API key has the scopes ${key.scopes.join(', ')}; this route needs ${scope}. The operator can create another key with "salamandra keys create --scopes".`,
      );
    }
    setClient(request, key.name);
    watch(secretId, response);
    if (request.method === 'POST' && MODEL_PATHS.includes(routePath(request.path))) {
      keys.usage.startRequest(key);
    }
    next();
  };

  function identify(request: Request, response: Response): ValidKey {
    const text = presentedKey(request);
    const address = toClientAddress(request.ip);
    const found = text === undefined ? undefined : keys.find(text);
    if (text !== undefined) attempts.check(address, text, found?.secretId);
    if (found) {
      attempts.recordRight(address, found.secretId);
      return found;
    }
    if (text !== undefined) attempts.recordWrong(address, text);
    response.setHeader('WWW-Authenticate', 'Bearer');
    throw new SalamandraError(
      'UNAUTHENTICATED',
      text === undefined
        ? 'This service needs an API key. Send it as "Authorization: Bearer sk-vs-…" or in the header x-api-key.'
        : 'The API key is wrong, expired or revoked. The operator can create one with "salamandra keys create".',
    );
  }
}

/** Ends the responses of keys that are no longer valid. It looks only while there are such responses. */
function createRevocationWatch(keys: Keyring): (secretId: string, response: Response) => void {
  const open = new Map<Response, string>();
  let timer: ReturnType<typeof setInterval> | undefined;

  function endRevoked(): void {
    for (const [response, secretId] of open) {
      if (!isLive(secretId)) response.destroy();
    }
  }
  function isLive(secretId: string): boolean {
    try {
      return keys.isLive(secretId);
    } catch {
      // The file cannot be read now. New requests are refused; that is no reason to end the running ones.
      return true;
    }
  }

  return (secretId, response) => {
    open.set(response, secretId);
    timer ??= setInterval(endRevoked, REVOCATION_CHECK_MS).unref();
    response.once('close', () => {
      open.delete(response);
      if (open.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  };
}
