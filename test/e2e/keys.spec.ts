import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { readLines, run } from './run-cli.js';
import { type Service, startService } from './service.js';
import { poll } from '../setup/poll.js';

let folder: TemporaryFolder;
let service: Service | undefined;

beforeEach(() => {
  folder = createTemporaryFolder();
});

afterEach(async () => {
  await service?.stop();
  service = undefined;
  folder.remove();
});

const keys = (...args: string[]) =>
  run(['keys', ...args], { env: { SALAMANDRA_HOME: folder.path('home') } });

const start = (env: Record<string, string> = {}) =>
  startService({ SALAMANDRA_HOME: folder.path('home'), SALAMANDRA_MODEL: 'none', ...env });

it('refuses to listen for other machines without keys, and names both remedies', async () => {
  const failure: unknown = await start({ HOST: '0.0.0.0' }).catch((error: unknown) => error);

  expect(String(failure)).toMatch(/no API keys. Create one with "npx salamandra keys create NAME"/);
  expect(String(failure)).toContain('SALAMANDRA_OPEN=1');
});

it('creates, lists, rotates and revokes keys of a running service', async () => {
  const created = await keys('create', 'anna', '--limit', 'pictures=5,requests=60');
  const key = created.stdout.trim();
  service = await start({ HOST: '0.0.0.0' });
  const { url } = service;
  const status = async (text: string) =>
    (await fetch(`${url}/v1/languages`, { headers: { Authorization: `Bearer ${text}` } })).status;

  expect(created.stderr).toContain('shown once');
  expect(service.output()).toContain('API keys are sent without encryption');
  expect(await status(key)).toBe(200);
  expect((await fetch(`${url}/v1/languages`)).status).toBe(401);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);

  const rotated = (await keys('rotate', 'anna', '--keep', '1h')).stdout.trim();
  expect([await status(key), await status(rotated)]).toEqual([200, 200]);
  expect(readLines((await keys('list', '--json')).stdout)).toMatchObject([
    {
      name: 'anna',
      limits: { requests_per_minute: 60, pictures_per_day: 5, tokens_per_day: null },
    },
  ]);
  expect((await keys('list')).stdout).toMatch(/NAME +SCOPES.*\nanna +read,generate +valid +0 of 5/);

  expect((await keys('revoke', 'anna')).stdout).toBe('Revoked anna.\n');
  await poll(async () => (await status(rotated)) === 401 || undefined);
  expect(await status(key)).toBe(401);
});

it.each([
  [['create', 'Anna B.'], 'not a name of a key'],
  [['create', 'anna', '--limit', 'films=1'], '"films=1" is not a limit'],
  [['create', 'anna', '--scopes', 'all'], '"all" is not a scope'],
  [['create', 'anna', '--expires', '2020-01-01'], '--expires must be a future date'],
  [['revoke', 'anna'], 'no key anna'],
])('rejects keys %j', async (args, message) => {
  const { code, stderr } = await keys(...args);

  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
