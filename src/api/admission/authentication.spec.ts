import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request, { type Test } from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { createKey, revokeKey } from '../../keys/change-keys.js';
import type { KeyLimits, Scope } from '../../keys/key-records.js';
import { openKeyring } from '../../keys/keyring.js';
import { createApp } from '../server.js';

const BASE64 = Buffer.from('any bytes: the engine is a fake').toString('base64');
const NO_LIMITS: KeyLimits = { requestsPerMinute: null, picturesPerDay: null, tokensPerDay: null };
/** The routes that need no key. A longer list is a decision, not an accident. */
const OPEN_ROUTES = ['GET /health/live', 'GET /health/ready'];
const PAGE_FILES = ['/', '/main.js', '/main.css', '/samples/index.json'];

let folder: TemporaryFolder;
let engine: FakeEngine;
let app: NestExpressApplication;

async function start(): Promise<void> {
  engine = createFakeEngine();
  app = await createApp(engine, {
    keys: openKeyring(folder.path('home')),
    trustedProxies: ['127.0.0.1'],
  });
  await app.listen(0, '127.0.0.1');
}

async function create(
  name: string,
  scopes: readonly Scope[] = ['read', 'generate'],
  limits: Partial<KeyLimits> = {},
): Promise<string> {
  const key = { name, scopes, limits: { ...NO_LIMITS, ...limits }, expires: null };
  return await createKey(folder.path('home'), key);
}

beforeEach(async () => {
  folder = createTemporaryFolder();
  await start();
});

afterEach(async () => {
  app.getHttpServer().closeAllConnections();
  await app.close();
  folder.remove();
});

const get = (path: string) => request(app.getHttpServer()).get(path);
const post = (path: string) => request(app.getHttpServer()).post(path);
const caption = (key: string) =>
  post('/v1/captions')
    .set('Authorization', `Bearer ${key}`)
    .send({ media: { base64: BASE64 } });
const from = (test: Test, address: string) => test.set('X-Forwarded-For', address);
const codeOf = ({ body }: { body: unknown }) => (body as { code?: string }).code;

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
}

/** Every route of the router, with `1` in the place of each parameter. */
function listRoutes(): string[] {
  const express = app.getHttpAdapter().getInstance();
  const { stack } = express.router as unknown as { stack: readonly Layer[] };
  return stack.flatMap(({ route }) => {
    if (!route || !route.path.startsWith('/')) return [];
    const path = route.path.replace(/[:*]\w+/g, '1');
    return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${path}`);
  });
}

describe('without keys', () => {
  it('every key is accepted, and none is needed', async () => {
    expect((await get('/v1/models')).status).toBe(200);
    expect((await caption('sk-anything')).status).toBe(200);
  });
});

describe('once a key exists', () => {
  it('every route of the router needs one, but for a fixed list', async () => {
    await create('anna');
    const routes = listRoutes();
    const statuses = await Promise.all(
      routes.map(async (route) => {
        const [method = '', path = ''] = route.split(' ');
        const tests = request(app.getHttpServer()) as unknown as Record<
          string,
          (p: string) => Test
        >;
        const reply = await tests[method.toLowerCase()]?.(path);
        return [route, reply?.status] as const;
      }),
    );
    const open = statuses.filter(([, status]) => status !== 401).map(([route]) => route);

    expect(routes.length).toBeGreaterThan(40);
    expect(open.sort()).toEqual(OPEN_ROUTES);
    for (const path of PAGE_FILES) expect((await get(path)).status).not.toBe(401);
    for (const path of ['/unknown', '/V1/Models/', '/docs', '/openapi.json', '/v1/%6dodels']) {
      expect((await get(path)).status).toBe(401);
    }
  });

  it('it is accepted in both headers, and errors have the form of the route', async () => {
    const key = await create('anna');

    expect((await get('/v1/models').set('x-api-key', key)).status).toBe(200);
    expect((await get('/v1/models').set('Authorization', `bearer ${key}`)).status).toBe(200);
    const native = await get('/v1/languages').set('x-api-key', 'sk-wrong');
    expect(native.type).toBe('application/problem+json');
    expect(native.headers['www-authenticate']).toBe('Bearer');
    expect([native.status, codeOf(native)]).toEqual([401, 'UNAUTHENTICATED']);
    const openAi = await get('/v1/models').set('Authorization', 'Bearer sk-wrong');
    expect([openAi.status, openAi.body]).toMatchObject([
      401,
      { error: { type: 'authentication_error', code: 'unauthenticated' } },
    ]);
  });

  it('its scopes decide which routes it may use', async () => {
    const reader = await create('reader', ['read']);
    const admin = await create('admin', ['admin']);

    expect((await caption(reader)).status).toBe(403);
    expect((await get('/v1/jobs').set('x-api-key', reader)).body).toMatchObject({
      code: 'FORBIDDEN',
      detail: expect.stringContaining('needs jobs') as string,
    });
    expect((await get('/v1/languages').set('x-api-key', reader)).status).toBe(200);
    expect((await caption(admin)).status).toBe(200);
  });

  it('it is the client of fair shares and caches, at every address', async () => {
    const key = await create('anna');
    await from(caption(key), '192.0.2.1');
    await from(caption(key), '192.0.2.2');

    expect(engine.requests.map(({ client }) => client)).toEqual(['key:anna', 'key:anna']);
  });

  it('is kept for the session of a browser by a cookie that scripts cannot read', async () => {
    const key = await create('anna');
    const reply = await post('/session').set('x-api-key', key);
    const [cookie = ''] = reply.headers['set-cookie'] as unknown as string[];

    expect(reply.status).toBe(204);
    // Without a path, it applies below the path at which the browser sees the page.
    expect(cookie).toBe(`salamandra_key=${key}; HttpOnly; SameSite=Strict`);
    expect((await get('/v1/models').set('Cookie', `a=b; ${cookie}`)).status).toBe(200);
    const proxied = post('/session').set({ 'x-api-key': key, 'X-Forwarded-Proto': 'https' });
    expect((await proxied).headers['set-cookie']?.[0]).toContain('; Secure');
  });
});

describe('wrong keys', () => {
  it('slow their address, and neither another one nor a key that it used before', async () => {
    const key = await create('anna');
    const other = await create('bob');
    await from(caption(key), '192.0.2.1').expect(200);
    const codes: (string | undefined)[] = [];
    for (let index = 0; index < 500; index++) {
      const reply = from(get('/v1/languages').set('x-api-key', `sk-${index}`), '192.0.2.1');
      codes.push(codeOf(await reply));
    }

    expect(codes.slice(0, 10)).toEqual(Array(10).fill('UNAUTHENTICATED'));
    // One attempt per second is left, and 500 requests take seconds.
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(400);
    await from(caption(other), '192.0.2.1').expect(429).expect('Retry-After', /^\d+$/);
    await from(caption(key), '192.0.2.1').expect(200);
    await from(caption(other), '192.0.2.2').expect(200);
  });

  it('do not slow an address that repeats the same one', async () => {
    const key = await create('anna');
    for (let index = 0; index < 30; index++) {
      await from(caption('sk-revoked'), '192.0.2.1').expect(401);
    }

    await from(caption(key), '192.0.2.1').expect(200);
  });
});

describe('revocation', () => {
  it('ends running responses and refuses new ones', async () => {
    const key = await create('anna');
    engine.isHanging = true;
    const { port } = app.getHttpServer().address() as AddressInfo;
    const outgoing = send({
      port,
      path: '/v1/captions',
      method: 'POST',
      headers: { 'x-api-key': key, 'Content-Type': 'application/json' },
    });
    const closed = new Promise<void>((resolve) => outgoing.once('error', () => resolve()));
    outgoing.end(JSON.stringify({ media: { base64: BASE64 } }));
    await poll(() => engine.requests.length > 0 || undefined);

    await revokeKey(folder.path('home'), 'anna');
    await closed;
    await poll(() => engine.signals[0]?.aborted === true || undefined);
    expect((await get('/v1/models').set('x-api-key', key)).status).toBe(401);
  });
});

describe('quotas', () => {
  it('hold over restarts', async () => {
    const key = await create('anna', ['generate'], { picturesPerDay: 2 });
    await caption(key).expect(200);
    await app.close();
    await start();
    await caption(key).expect(200);

    const refused = await caption(key);
    expect([refused.status, codeOf(refused)]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(engine.requests).toHaveLength(1);
  });

  it('count the tokens of prompts and answers', async () => {
    const key = await create('anna', ['generate'], { tokensPerDay: 10 });
    await caption(key).expect(200);

    expect((await caption(key)).body).toMatchObject({
      detail: expect.stringContaining('10 tokens per day') as string,
    });
  });

  it('count the requests of a minute that use the model', async () => {
    const key = await create('anna', ['read', 'generate'], { requestsPerMinute: 1 });
    await caption(key).expect(200);

    await caption(key).expect(429);
    await get('/v1/languages').set('x-api-key', key).expect(200);
  });
});
