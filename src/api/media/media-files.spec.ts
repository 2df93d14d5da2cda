import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { LOCK_OWNER } from '../../config/lock-owner.js';
import { DiskQuota } from './disk-quota.js';
import { MediaFiles } from './media-files.js';

let files: MediaFiles;

beforeEach(() => (files = new MediaFiles()));

afterEach(() => files.onModuleDestroy());

const chunks = [Buffer.from('one '), Buffer.from('two')];

it('keeps files, readable by this user only, until their scope is released', async () => {
  const [scope, other] = [files.openScope(), files.openScope()];
  const path = await scope.write(chunks);
  const kept = await other.write(chunks);

  expect(await readFile(path, 'utf8')).toBe('one two');
  if (process.platform !== 'win32') {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  }
  await scope.release();
  expect([existsSync(path), existsSync(kept)]).toEqual([false, true]);
});

it('removes a file whose source failed, and throws the error of the source', async () => {
  const kept = await files.openScope().write(chunks);
  const seen: string[][] = [];
  const failing = async function* () {
    yield Buffer.from('one');
    seen.push(await readdir(dirname(kept)));
    // A source on another disk: its errors are not those of the folder.
    throw Object.assign(new Error('gone'), { code: 'ENOSPC' });
  };

  await expect(files.openScope().write(failing())).rejects.toThrow('gone');
  expect(seen[0]).toHaveLength(3);
  expect((await readdir(dirname(kept))).toSorted()).toEqual([basename(kept), 'lock'].toSorted());
});

it('removes a file that is still being written when its scope is released', async () => {
  const scope = files.openScope();
  let start: () => void = () => undefined;
  let finish: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (start = resolve));
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const slow = async function* () {
    yield Buffer.from('one');
    start();
    await finished;
  };
  const writing = scope.write(slow());
  await started;
  await scope.release();
  finish();

  expect(existsSync(await writing)).toBe(false);
});

it('makes its folder again when something else has removed it', async () => {
  const scope = files.openScope();
  const before = dirname(await scope.write(chunks));
  await rm(before, { recursive: true });
  const paths = await Promise.all([scope.write(chunks), files.openScope().write(chunks)]);

  expect(new Set(paths.map(dirname)).size).toBe(1);
  expect(await readFile(paths[0], 'utf8')).toBe('one two');
});

describe('in a temporary folder of its own', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'media-files-'));
    files = new MediaFiles(join(parent, 'tmp'));
  });

  afterEach(async () => {
    await files.onModuleDestroy();
    await rm(parent, { recursive: true });
  });

  it('makes the temporary folder itself, also again', async () => {
    expect(await readFile(await files.openScope().write(chunks), 'utf8')).toBe('one two');
    await rm(join(parent, 'tmp'), { recursive: true });
    expect(await readFile(await files.openScope().write(chunks), 'utf8')).toBe('one two');
  });

  it('reports a temporary folder that is a file, and recovers', async () => {
    await writeFile(join(parent, 'tmp'), '');
    await expect(files.openScope().write(chunks)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      retryable: true,
      cause: expect.objectContaining({ code: 'EEXIST' }) as Error,
    });
    await rm(join(parent, 'tmp'));
    expect(await readFile(await files.openScope().write(chunks), 'utf8')).toBe('one two');
  });

  it('removes folders whose lock is stale or of a dead process, and no others', async () => {
    const old = new Date(Date.now() - 3_600_000);
    const make = async (name: string, lockedAt: Date | null, owner = '') => {
      const folder = join(parent, 'tmp', name);
      await mkdir(folder, { recursive: true });
      if (lockedAt !== null) {
        await writeFile(join(folder, 'lock'), owner);
        await utimes(join(folder, 'lock'), lockedAt, lockedAt);
      }
      return folder;
    };
    const crashed = await make('visual-salamandra-aaaaaa', old);
    const running = await make('visual-salamandra-bbbbbb', new Date());
    const dead = LOCK_OWNER.replace(/\d+\n$/, '999999999\n');
    const killed = await make('visual-salamandra-eeeeee', new Date(), dead);
    const elsewhere = `other-host ${dead.split(' ').slice(1).join(' ')}`;
    const container = await make('visual-salamandra-ffffff', new Date(), elsewhere);
    const unlocked = await make('visual-salamandra-cccccc', null);
    const foreign = await make('visual-salamandra-x', old);
    // A crash before the lock was written, and a start of which the lock is not written yet.
    const halfMade = await make('visual-salamandra-dddddd', null);
    await Promise.all([crashed, running, halfMade].map((path) => utimes(path, old, old)));
    const path = await files.openScope().write(chunks);

    const other = new MediaFiles(join(parent, 'tmp'));
    await other.onModuleInit();
    await other.onModuleDestroy();

    const gone = [crashed, halfMade, killed].map((one) => existsSync(one));
    const kept = [running, container, unlocked, foreign, path].map((one) => existsSync(one));
    expect(gone).toEqual([false, false, false]);
    expect(kept).toEqual([true, true, true, true, true]);
  });
});

describe('the quota', () => {
  const ten = Buffer.alloc(10);

  it('counts files while they arrive, and frees them with their scope', async () => {
    const quota = new DiskQuota(25);
    files = new MediaFiles(undefined, quota);
    const scope = files.openScope('a');
    await scope.write([ten]);
    const seen: number[] = [];
    const growing = function* () {
      for (const chunk of [ten, ten]) {
        seen.push(quota.usedBytes);
        yield chunk;
      }
    };

    await expect(files.openScope('b').write(growing())).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      publicMessage: expect.stringContaining('SALAMANDRA_TEMPORARY_MB') as string,
      details: { max_bytes: 25 },
    });
    expect(seen).toEqual([10, 20]);
    expect(quota.usedBytes).toBe(10);
    await scope.release();
    expect(quota.usedBytes).toBe(0);
  });

  it('gives one client half, and the other half to others', () => {
    const quota = new DiskQuota(10e9);
    quota.take('a', 5e9);

    expect(() => quota.take('a', 1)).toThrow('Your requests use 5000 MB');
    quota.take('b', 5e9);
    expect(() => quota.take('c', 1)).toThrow('All requests use 10000 MB');
    quota.release('a', 5e9);
    expect(() => quota.take('a', 5e9)).not.toThrow();
  });
});
