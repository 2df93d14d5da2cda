import { findMissing, takeMissing } from './missing-files.js';

const chosen = (path: string, size = 3) => ({ path, size, lastModified: 1 });
const fileOf = (path: string, size = 3) => ({
  path,
  file: new File([new Uint8Array(size)], path.slice(path.lastIndexOf('/') + 1)),
});

const MISSING = [chosen('arxiu/1.jpg'), chosen('arxiu/a/2.jpg'), chosen('arxiu/b/2.jpg')];

it('finds the files that have not arrived', () => {
  const missing = findMissing(MISSING, new Set(['arxiu/1.jpg', 'other.jpg']));

  expect(missing.map(({ path }) => path)).toEqual(['arxiu/a/2.jpg', 'arxiu/b/2.jpg']);
});

it.each([
  [
    'the folder again',
    ['arxiu/0.jpg', 'arxiu/1.jpg', 'arxiu/a/2.jpg'],
    ['arxiu/1.jpg', 'arxiu/a/2.jpg'],
  ],
  ['a file alone', ['1.jpg'], ['arxiu/1.jpg']],
  ['a folder within', ['b/2.jpg'], ['arxiu/b/2.jpg']],
  ['a file that may be either of two', ['2.jpg'], []],
  ['none of them', ['else.jpg'], []],
])('takes only missing files from %s', (_name, paths, expected) => {
  const taken = takeMissing(
    MISSING,
    paths.map((path) => fileOf(path)),
  );

  expect(taken.map(({ path }) => path)).toEqual(expected);
});

it('takes a changed file under its own path only', () => {
  expect(takeMissing(MISSING, [fileOf('1.jpg', 9)])).toEqual([]);
  expect(takeMissing(MISSING, [fileOf('arxiu/1.jpg', 9)])).toHaveLength(1);
});
