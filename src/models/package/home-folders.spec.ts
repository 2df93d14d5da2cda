import { join } from 'node:path';

import { packageDirectory } from './home-folders.js';

describe('packageDirectory', () => {
  it('has one folder per precision', () => {
    expect(packageDirectory('home', 'salamandra-7b.v1', 'int8')).toBe(
      join('home', 'packages', 'salamandra-7b.v1', 'int8'),
    );
  });

  it.each(['', '.', '..', 'a/b', 'a\\b', '-a', 'A', 'a..b', 'a b', 'x'.repeat(64)])(
    'rejects the id %j',
    (id) => {
      expect(() => packageDirectory('home', id, 'fp32')).toThrow(
        expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
      );
    },
  );
});
