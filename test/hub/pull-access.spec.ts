import { GRANTED_TOKEN, KNOWN_TOKEN } from './fake-hub.js';
import { startFakeProxy } from './fake-proxy.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
const GATED = { ...checkpoint, repository: 'BSC-LT/tiny-gated', access: 'gated' } as const;

describe('pulling with and without access', () => {
  let fixture: PullFixture;
  beforeEach(async () => {
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }, GATED]);
  });
  afterEach(() => fixture.close());

  const weightsSent = () => [...fixture.hub.sent.keys()].filter((name) => /^model-/.test(name));

  it('sends the token to the hub alone, never to a redirect target', async () => {
    await fixture.pull({ token: GRANTED_TOKEN });
    const { requests } = fixture.hub;
    const shown = (place: string) =>
      new Set(requests.filter((one) => one.place === place).map((one) => one.authorization));

    expect([...shown('api')]).toEqual([`Bearer ${GRANTED_TOKEN}`]);
    expect([...shown('resolve')]).toEqual([`Bearer ${GRANTED_TOKEN}`]);
    expect([...shown('storage')]).toEqual([undefined]);
  });

  it.each([
    ['without a token', null, 'UNAUTHENTICATED'],
    ['with a token that has no access', KNOWN_TOKEN, 'FORBIDDEN'],
  ])('explains how to get access to a gated model %s', async (_, token, code) => {
    await expect(fixture.pull({ repository: GATED.repository, token })).rejects.toMatchObject({
      code,
    });
    expect(weightsSent()).toEqual([]);
  });

  it('asks once for consent to a gated model, even if the pull is interrupted', async () => {
    let asked = 0;
    const accept = () => Promise.resolve(++asked > 0);
    const pull = () => fixture.pull({ repository: GATED.repository, token: GRANTED_TOKEN, accept });
    fixture.hub.addFault({
      place: 'storage',
      name: /^model-00002/,
      times: 99,
      fault: { kind: 'status', status: 500 },
    });
    await expect(pull()).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    fixture.hub.forgetFaults();
    await pull();

    expect(asked).toBe(1);
  });

  it('downloads no weights of a gated model without consent', async () => {
    const accept = () => Promise.resolve(false);
    await expect(
      fixture.pull({ repository: GATED.repository, token: GRANTED_TOKEN, accept }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(weightsSent()).toEqual([]);
  });

  it('asks for no consent to an open model', async () => {
    const accept = () => Promise.reject(new Error('asked'));
    expect((await fixture.pull({ accept })).outcome).toBe('installed');
  });

  it('reports a model that does not exist', async () => {
    await expect(fixture.pull({ repository: 'BSC-LT/nothing' })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });

  it.each(['file:///etc/passwd', 'http://127.0.0.1:1/elsewhere', 'javascript:0'])(
    'brings nothing from where a hub must not send: %s',
    async (location) => {
      fixture.hub.addFault({
        place: 'resolve',
        name: /^model-00001/,
        times: 99,
        fault: { kind: 'redirect', location },
      });
      await expect(fixture.pull({})).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    },
  );

  describe('behind a proxy', () => {
    const before = { ...process.env };
    afterEach(() => {
      process.env = { ...before };
    });

    it('uses the proxy for the hub and its storage', async () => {
      const proxy = await startFakeProxy();
      process.env['HTTP_PROXY'] = process.env['http_proxy'] = proxy.url;
      process.env['NO_PROXY'] = process.env['no_proxy'] = '';
      await fixture.pull({});
      await proxy.close();

      const hosts = new Set(proxy.passed);
      expect(hosts.size).toBe(2);
      expect(hosts.has(new URL(fixture.hub.url).host)).toBe(true);
    });

    it('connects directly to the hosts in NO_PROXY', async () => {
      process.env['HTTP_PROXY'] = process.env['http_proxy'] = 'http://127.0.0.1:1';
      process.env['NO_PROXY'] = process.env['no_proxy'] = '127.0.0.1';
      expect((await fixture.pull({})).outcome).toBe('installed');
    });
  });
});
