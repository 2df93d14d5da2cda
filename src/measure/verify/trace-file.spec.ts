import { statSync } from 'node:fs';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { createTrace, openTrace } from './trace-file.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

async function write(path: string, ...rows: Float32Array[]): Promise<void> {
  const writer = await createTrace(path);
  for (const row of rows) await writer.write(row);
  await writer.close();
}

describe('a trace file', () => {
  it('returns the values in the order in which they were written, in rows of any length', async () => {
    const path = folder.path('trace');
    await write(
      path,
      Float32Array.of(1.5, -2),
      Float32Array.of(),
      Float32Array.of(Infinity, 3e-40),
    );
    const reader = await openTrace(path);

    expect(await reader.read(1)).toEqual(Float32Array.of(1.5));
    expect(await reader.read(0)).toEqual(Float32Array.of());
    expect(await reader.read(3)).toEqual(Float32Array.of(-2, Infinity, 3e-40));
    await reader.close();
    expect(statSync(path).size).toBe(4 * 4);
  });

  it('holds only the values of a view, not those of the buffer behind it', async () => {
    const path = folder.path('trace');
    await write(path, Float32Array.of(1, 2, 3, 4).subarray(1, 3));
    const reader = await openTrace(path);

    expect(await reader.read(2)).toEqual(Float32Array.of(2, 3));
    await reader.close();
  });

  it('throws a RangeError for a read past the end', async () => {
    const path = folder.path('trace');
    await write(path, Float32Array.of(1, 2));
    const reader = await openTrace(path);

    await expect(reader.read(3)).rejects.toThrow(RangeError);
    await reader.close();
  });

  it('never overwrites a file', async () => {
    const path = folder.write('trace', 'mine');

    await expect(createTrace(path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(statSync(path).size).toBe(4);
  });
});
