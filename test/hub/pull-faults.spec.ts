import type { ModelManifest } from '../../src/models/package/manifest.js';
import type { FaultRule, HubFault, HubPlace } from './hub-faults.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const busy = (headers: Record<string, string>) =>
  ({ kind: 'status', status: 429, headers }) as const;
const RETRY_AFTER = { 'retry-after': '1' };
const RATE_LIMIT = {
  ratelimit: '"api";r=0;t=0',
  'ratelimit-policy': '"fixed window";"api";q=500;w=300',
};

const WEIGHTS = /safetensors$/;
const ANY = /./;
const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
const largestShard = Math.max(
  ...[...checkpoint.files].filter(([name]) => WEIGHTS.test(name)).map(([, { size }]) => size),
);

describe('pulling from a hub that fails', () => {
  let expected: ModelManifest;
  let fixture: PullFixture;

  beforeAll(async () => {
    const untroubled = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    ({ manifest: expected } = await untroubled.pull({}));
    await untroubled.close();
  });
  beforeEach(async () => {
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
  });
  afterEach(() => fixture.close());

  const addFault = (place: HubPlace, fault: HubFault, rule: Partial<FaultRule> = {}) =>
    fixture.hub.addFault({ place, name: ANY, times: 1, fault, ...rule });
  const packages = () =>
    [...fixture.listHome().keys()].filter((path) => path.endsWith('manifest.json'));

  // Temporary faults: the package is the same, and few bytes are downloaded twice.
  it.each<[string, HubPlace, HubFault, number]>([
    ['429 with Retry-After to the API', 'api', busy(RETRY_AFTER), 2],
    ['429 with Retry-After to a file', 'resolve', busy(RETRY_AFTER), 1],
    ['429 with RateLimit to the API', 'api', busy(RATE_LIMIT), 2],
    ['429 with RateLimit to a file', 'resolve', busy(RATE_LIMIT), 2],
    ['429 without a delay, more often than other faults', 'api', busy({}), 8],
    ['503 with Retry-After', 'storage', { ...busy(RETRY_AFTER), status: 503 }, 1],
    ['500 three times', 'api', { kind: 'status', status: 500 }, 3],
    ['502 from the storage', 'storage', { kind: 'status', status: 502 }, 3],
    ['an expired signed URL', 'storage', { kind: 'status', status: 403 }, 2],
    ['an API that hangs up', 'api', { kind: 'disconnect', afterBytes: 0 }, 2],
    ['an interrupted download', 'storage', { kind: 'disconnect', afterBytes: 20_000 }, 12],
    [
      'an interrupted download of a small file',
      'resolve',
      { kind: 'disconnect', afterBytes: 40 },
      3,
    ],
    ['a stalled download', 'storage', { kind: 'stall', afterBytes: 10_000 }, 1],
    ['a server without Range requests', 'storage', { kind: 'no-ranges' }, 2],
    ['a size that is wrong once', 'storage', { kind: 'wrong-size', by: 8 }, 1],
  ])('recovers from %s', async (_, place, fault, times) => {
    addFault(place, fault, { times });
    const { manifest } = await fixture.pull({});

    expect(manifest).toEqual(expected);
    expect(fixture.sentAgain()).toBeLessThan(largestShard);
  });

  it.each([
    ['Retry-After', RETRY_AFTER],
    ['RateLimit', RATE_LIMIT],
  ])('reports the pause that the hub asks for in %s', async (_, headers) => {
    addFault('resolve', busy(headers));
    await fixture.pull({});
    expect(fixture.events).toContainEqual({
      kind: 'waiting',
      reason: 'hub-busy',
      milliseconds: 1000,
    });
  });

  it.each([
    ['Retry-After', { 'retry-after': '6' }],
    ['RateLimit', { ratelimit: '"api";r=0;t=5' }],
  ])('gives up if the hub asks for too long a pause in %s, and says so', async (_, headers) => {
    addFault('api', busy(headers));
    await expect(fixture.pull({})).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { seconds: 6 },
    });
  });

  it('can be canceled while it waits for a busy hub', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    addFault('api', busy({ ratelimit: '"api";r=0;t=4' }));
    const pull = fixture.pull({
      signal: stop.signal,
      onEvent: ({ kind }) => {
        if (kind === 'waiting') stop.abort(reason);
      },
    });
    const startMs = performance.now();
    await expect(pull).rejects.toBe(reason);
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it.each([
    ['DisabledRepo', 403, 'has disabled this repository'],
    ['EntryNotFound', 404, 'lists a file'],
  ])('gives up at %s with its own reason', async (code, status, reason) => {
    addFault('resolve', { kind: 'status', status, headers: { 'x-error-code': code } });
    await expect(fixture.pull({})).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining(reason) as string,
    });
    await expect(fixture.pull({})).resolves.toMatchObject({ outcome: 'installed' });
  });

  it('downloads a file again if its hash is wrong', async () => {
    addFault('storage', { kind: 'wrong-byte', at: 77 }, { name: WEIGHTS });
    const { manifest } = await fixture.pull({});

    expect(manifest).toEqual(expected);
    expect(fixture.sentAgain()).toBeGreaterThan(0);
    expect(fixture.sentAgain()).toBeLessThanOrEqual(largestShard);
  });

  it.each<[string, HubPlace, RegExp]>([
    ['weights', 'storage', /^model-00002/],
    ['the tokenizer', 'storage', /^tokenizer/],
    ['the configuration', 'resolve', /^config/],
  ])('installs no package from %s that differ from the listing', async (_, place, name) => {
    addFault(place, { kind: 'wrong-byte', at: 9 }, { name, times: 99 });
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(packages()).toEqual([]);
  });

  it.each([8, -8])('installs no package from a file %i bytes too long', async (by) => {
    addFault('storage', { kind: 'wrong-size', by }, { name: /^model-00001/, times: 99 });
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(packages()).toEqual([]);
  });

  it('resumes where it stopped after the hub was unreachable', async () => {
    const second = { name: /^model-00002/, times: 99 };
    addFault('storage', { kind: 'status', status: 500 }, second);
    await expect(fixture.pull({})).rejects.toMatchObject({
      code: 'HUB_UNAVAILABLE',
      retryable: true,
    });
    const first = checkpoint.files.get('model-00001-of-00003.safetensors');
    expect(fixture.hub.sent.get('model-00001-of-00003.safetensors')).toBe(first?.size);
    fixture.hub.forgetFaults();

    expect((await fixture.pull({})).manifest).toEqual(expected);
    expect(fixture.sentAgain()).toBe(0);
  });

  it('stops when it is canceled, and resumes later', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const pull = fixture.pull({
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'progress' && event.progress.file === 2) stop.abort(reason);
      },
    });
    await expect(pull).rejects.toBe(reason);
    const { manifest } = await fixture.pull({});

    expect(manifest).toEqual(expected);
    expect(fixture.sentAgain()).toBeLessThan(largestShard);
  });
});
