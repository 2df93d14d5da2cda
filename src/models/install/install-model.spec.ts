import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { LOCK_OWNER } from '../../config/lock-owner.js';
import { installModel } from './install-model.js';
import { withInstallLock } from './install-lock.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'salamandra-'));
});

afterEach(() => rm(home, { recursive: true }));

describe('installModel', () => {
  const install = (model: string, bundled?: string) =>
    installModel({ home, model, precision: 'int8' }, () => undefined, bundled);

  it('finds a package by path or name', async () => {
    const directory = join(home, 'packages', 'other', 'int8');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'manifest.json'), '{}');

    expect(await install('other')).toBe(directory);
    expect(await install(directory)).toBe(directory);
  });

  it('rejects unknown models', async () => {
    await expect(install('absent')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(install('demo', join(home, 'none'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });

  it('leaves neither package nor lock if the bundled checkpoint is invalid', async () => {
    const bundled = join(home, 'bundled');
    await mkdir(bundled);
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      await writeFile(join(bundled, name), '{}');
    }

    await expect(install('demo', bundled)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const left = await readdir(join(home, 'packages', 'demo')).catch(() => []);
    expect(left).toEqual([]);
  });
});

describe('withInstallLock', () => {
  const lock = () => join(home, 'lock');

  it('runs one holder at a time', async () => {
    const steps: string[] = [];
    const work = (name: string) =>
      withInstallLock(lock(), async () => {
        steps.push(`${name} starts`);
        await sleep(30);
        steps.push(`${name} ends`);
      });

    await Promise.all([work('a'), work('b')]);

    expect(steps).toHaveLength(4);
    expect(steps[1]).toBe(steps[0]?.replace('starts', 'ends'));
  });

  it('releases the lock after an error', async () => {
    const failing = withInstallLock(lock(), () => Promise.reject(new Error('failed')));

    await expect(failing).rejects.toThrow('failed');
    expect(await readdir(home)).toEqual([]);
  });

  it('takes over the lock of a dead process on this host', async () => {
    await writeFile(lock(), LOCK_OWNER.replace(/\d+\n$/, '999999999\n'));

    expect(await withInstallLock(lock(), () => Promise.resolve('done'))).toBe('done');
  });

  it('takes over the lock of another host without a heartbeat', async () => {
    await writeFile(lock(), 'elsewhere 1\n');
    const minutesAgo = new Date(Date.now() - 120_000);
    await utimes(lock(), minutesAgo, minutesAgo);

    expect(await withInstallLock(lock(), () => Promise.resolve('done'))).toBe('done');
  });
});
