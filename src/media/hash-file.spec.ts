import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hashFile } from './hash-file.js';

it('hashes the content, and hashes again after a change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-hash-'));
  const path = join(folder, 'video');
  await writeFile(path, 'abc');
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  expect([await hashFile(path), await hashFile(path)]).toEqual([abc, abc]);
  await writeFile(path, '');
  expect(await hashFile(path)).toMatch(/^e3b0c442/);
  await rm(folder, { recursive: true });
});

it('progresses in a busy process, and stops when the signal aborts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-hash-'));
  const path = join(folder, 'video');
  await writeFile(path, '');
  await truncate(path, 32 << 20);
  let runs = 0;
  let isBusy = true;
  const run = () => {
    if (!isBusy) return;
    runs += 1;
    for (const start = performance.now(); performance.now() - start < 20;);
    setImmediate(run);
  };
  setImmediate(run);

  expect(await hashFile(path)).toMatch(/^83ee4724/);
  isBusy = false;
  expect(runs).toBeLessThan(100);
  await truncate(path, 31 << 20);
  await expect(hashFile(path, AbortSignal.abort())).rejects.toThrow('aborted');
  await rm(folder, { recursive: true });
});
