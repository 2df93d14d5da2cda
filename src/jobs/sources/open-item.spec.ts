import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { openSourceItem } from './open-item.js';
import type { Confined } from './source.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

const scratch = temporary.path('scratch');
beforeAll(() => {
  mkdirSync(scratch);
  mkdirSync(temporary.path('root'));
});

function open(path: string, { roots }: Confined = {}) {
  return openSourceItem(
    { kind: 'file', path, roots },
    { policy: null, uploadFolder: scratch, temporaryFolder: () => Promise.resolve(scratch) },
  );
}

describe('openSourceItem with a file', () => {
  it('returns the file itself, and leaves it in place', async () => {
    const path = temporary.write('root/à b.jpg', 'bytes');

    const opened = await open(path);
    await opened.dispose();

    expect(opened.path).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe('bytes');
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('names a file whose name is not UTF-8 by a link', async () => {
    writeFileSync(Buffer.from(temporary.path('root/caf\xe9.jpg'), 'latin1'), 'latin');
    writeFileSync(temporary.path('root/caf\\xE9.jpg'), 'backslash');

    const latin = await open(temporary.path('root/caf\\xE9.jpg'));
    const backslash = await open(temporary.path('root/caf\\x5CxE9.jpg'));

    expect(readFileSync(latin.path, 'utf8')).toBe('latin');
    expect(readFileSync(backslash.path, 'utf8')).toBe('backslash');
    expect(readdirSync(scratch)).toHaveLength(1);
    await latin.dispose();
    await latin.dispose();
    expect(readdirSync(scratch)).toEqual([]);
    expect(readFileSync(Buffer.from(temporary.path('root/caf\xe9.jpg'), 'latin1'), 'utf8')).toBe(
      'latin',
    );
  });

  it('says what is missing or not a regular file', async () => {
    execFileSync('mkfifo', [temporary.path('pipe.jpg')]);

    await expect(open(temporary.path('absent.jpg'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      retryable: false,
    });
    await expect(open(temporary.path('a\\x00b.jpg'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(open(temporary.path('root'))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(open(temporary.path('pipe.jpg'))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  it('keeps to the roots, whatever a table names', async () => {
    const roots = [temporary.path('root')];
    temporary.write('root/a.jpg', '');
    symlinkSync('/etc/passwd', temporary.path('root/link.jpg'));

    expect((await open(temporary.path('root/a.jpg'), { roots })).path).toMatch(/root\/a\.jpg$/);
    await expect(open(temporary.path('root/gone.jpg'), { roots })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    for (const path of ['/etc/passwd', '/etc/gone.jpg', temporary.path('root/link.jpg')]) {
      await expect(open(path, { roots })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});
