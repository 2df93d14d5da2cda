import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { MediaFiles } from './media-files.js';

/** Above any process id that Linux hands out. */
const NO_PROCESS = 4_194_305;

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

it('removes a file whose write failed', async () => {
  const path: string[] = [];
  const scope = files.openScope();
  const failing = async function* () {
    yield Buffer.from('one');
    path.push(await scope.newPath());
    throw new Error('gone');
  };

  await expect(scope.write(failing())).rejects.toThrow('gone');
  const folder = dirname(path[0] ?? '');
  await scope.release();
  expect(await readdir(folder)).toEqual([]);
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

it.each(['ENOSPC', 'EDQUOT'])('throws STORAGE_FULL for %s', async (code) => {
  const full = async function* () {
    yield Buffer.from('one');
    throw Object.assign(await Promise.resolve(new Error('full')), { code });
  };

  await expect(files.openScope().write(full())).rejects.toMatchObject({ code: 'STORAGE_FULL' });
});

it('removes the folders of crashed processes only', async () => {
  const leftover = join(tmpdir(), `visual-salamandra-${NO_PROCESS}-abc`);
  const reused = join(tmpdir(), `visual-salamandra-${process.pid}-abc`);
  const alive = join(tmpdir(), `visual-salamandra-${process.ppid}-abc`);
  await Promise.all([leftover, reused, alive].map((path) => mkdir(path, { recursive: true })));
  const foreign = await mkdtemp(join(tmpdir(), 'visual-salamandra-x'));
  const path = await files.openScope().write(chunks);

  await new MediaFiles().onModuleInit();

  const isThere = [leftover, reused, alive, foreign, path].map((one) => existsSync(one));
  expect(isThere).toEqual([false, false, true, true, true]);
  await Promise.all([alive, foreign].map((one) => rm(one, { recursive: true })));
});
