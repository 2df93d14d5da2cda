import { createHash } from 'node:crypto';

import { type FakeHub, GRANTED_TOKEN, KNOWN_TOKEN, startFakeHub } from './fake-hub.js';
import {
  type SyntheticCheckpoint,
  createSyntheticCheckpoint,
  readAll,
} from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const SHARD = 'model-00001-of-00003.safetensors';

describe('the fake hub', () => {
  let checkpoint: SyntheticCheckpoint;
  let hub: FakeHub;

  beforeAll(async () => {
    checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    hub = await startFakeHub([
      { ...checkpoint, access: 'open' },
      { ...checkpoint, repository: 'BSC-LT/gated', access: 'gated' },
    ]);
  });
  afterAll(() => hub.close());

  const resolve = (name: string, headers: Record<string, string> = {}, repository?: string) =>
    fetch(`${hub.url}/${repository ?? checkpoint.repository}/resolve/main/${name}`, { headers });

  it('lists every file with its size and hash, a page at a time', async () => {
    const paths: string[] = [];
    let next: string | undefined =
      `${hub.url}/api/models/${checkpoint.repository}/tree/main?recursive=true`;
    while (next !== undefined) {
      const response: Response = await fetch(next);
      const entries = (await response.json()) as { path: string; lfs?: { oid: string } }[];
      expect(entries.length).toBeLessThanOrEqual(5);
      paths.push(...entries.map(({ path }) => path));
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(paths).toEqual([...checkpoint.files.keys()]);
  });

  it('sends the listed bytes, whole and by range', async () => {
    const whole = readAll(checkpoint.files.get(SHARD)!);
    const answer = await fetch(
      `${hub.url}/api/models/${checkpoint.repository}/revision/${hub.commit}?blobs=true`,
    );
    const { sha, siblings } = (await answer.json()) as {
      sha: string;
      siblings: { rfilename: string; size: number; lfs?: { sha256: string } }[];
    };
    const listed = siblings.find(({ rfilename }) => rfilename === SHARD);
    const bytes = Buffer.from(await (await resolve(SHARD)).arrayBuffer());
    const part = await resolve(SHARD, { range: 'bytes=100-299' });

    expect(sha).toBe(hub.commit);
    expect(bytes.equals(whole)).toBe(true);
    expect(listed?.size).toBe(bytes.length);
    expect(listed?.lfs?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 100-299/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100, 300))).toBe(true);
  });

  it('redirects large files to another origin, which rejects requests with a token', async () => {
    const response = await fetch(`${hub.url}/${checkpoint.repository}/resolve/main/${SHARD}`, {
      redirect: 'manual',
    });
    const location = response.headers.get('location')!;

    expect(response.status).toBe(302);
    expect(new URL(location).origin).not.toBe(hub.url);
    const refused = await fetch(location, { headers: { authorization: 'Bearer x' } });
    expect(refused.status).toBe(400);
  });

  it('sends the files of a gated repository only to authorized clients', async () => {
    const status = async (token?: string) =>
      (
        await resolve(
          'config.json',
          token === undefined ? {} : { authorization: `Bearer ${token}` },
          'BSC-LT/gated',
        )
      ).status;
    expect(await status()).toBe(401);
    expect(await status(KNOWN_TOKEN)).toBe(403);
    expect(await status(GRANTED_TOKEN)).toBe(200);
  });

  it('injects each fault as often as configured', async () => {
    const name = /config\.json$/;
    const again = { kind: 'status', status: 429, headers: { 'retry-after': '2' } } as const;
    hub.addFault({ place: 'resolve', name, times: 1, fault: again });
    hub.addFault({ place: 'resolve', name, times: 1, fault: { kind: 'wrong-byte', at: 3 } });
    hub.addFault({ place: 'storage', name: /^model/, times: 1, fault: { kind: 'no-ranges' } });
    hub.addFault({
      place: 'storage',
      name: /^model/,
      times: 1,
      fault: { kind: 'disconnect', afterBytes: 1_000 },
    });
    const right = readAll(checkpoint.files.get('config.json')!);

    const busy = await resolve('config.json');
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '2']);
    const wrong = Buffer.from(await (await resolve('config.json')).arrayBuffer());
    expect(wrong.length).toBe(right.length);
    expect([...wrong].filter((byte, at) => byte !== right[at])).toHaveLength(1);
    expect((await resolve(SHARD, { range: 'bytes=5-9' })).status).toBe(200);
    await expect((await resolve(SHARD)).arrayBuffer()).rejects.toThrow('terminated');
    expect(Buffer.from(await (await resolve('config.json')).arrayBuffer()).equals(right)).toBe(
      true,
    );
  });
});
