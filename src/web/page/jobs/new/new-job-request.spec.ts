import type { PathFile } from './dropped-files.js';
import { isComplete, type JobDraft, toJobRequest } from './new-job-request.js';

const fileOf = (path: string): PathFile => ({ path, file: new File(['x'], path) });
const SETTINGS = { kinds: ['alt', 'long'], detail: 'high', pilot: 10 } as const;

const draftOf = (
  source: Partial<JobDraft['source']>,
  change: Partial<JobDraft> = {},
): JobDraft => ({
  source: { kind: 'uploads', location: '', files: [], ...source },
  ...{ name: '', languages: ['ca', 'es'] },
  ...change,
});

describe('the request for a job', () => {
  it.each([
    ['folder', { kind: 'folder', path: '/fons/a' }],
    ['table', { kind: 'table', path: '/fons/a' }],
    ['iiif', { kind: 'iiif', url: '/fons/a' }],
  ] as const)('has the location of a %s', (kind, source) => {
    expect(toJobRequest(draftOf({ kind, location: '/fons/a' }), SETTINGS)).toEqual({
      source,
      ...{ languages: ['ca', 'es'], kind: ['alt', 'long'], detail: 'high', pilot: 10 },
    });
  });

  it('has no pilot if none is wanted, and the name of the person', () => {
    const draft = draftOf({ kind: 'folder', location: '/fons' }, { name: 'Fons 1931' });
    expect(toJobRequest(draft, { ...SETTINGS, pilot: 0 })).toEqual({
      source: { kind: 'folder', path: '/fons' },
      ...{ name: 'Fons 1931', languages: ['ca', 'es'], kind: ['alt', 'long'], detail: 'high' },
    });
  });

  it.each([
    [['album/a.jpg', 'album/1931/b.jpg'], 'album'],
    [['a.jpg'], 'a.jpg'],
    [['a.jpg', 'b.jpg', 'c.jpg'], 'a.jpg + 2'],
    [['album/a.jpg', 'other/b.jpg'], 'album/a.jpg + 1'],
  ])('names uploads %j "%s"', (paths, name) => {
    const draft = draftOf({ files: paths.map(fileOf) });
    expect(toJobRequest(draft, SETTINGS)).toMatchObject({ source: { kind: 'uploads' }, name });
  });
});

it('is complete with a source and a language', () => {
  expect(isComplete(draftOf({ files: [fileOf('a.jpg')] }))).toBe(true);
  expect(isComplete(draftOf({ files: [] }))).toBe(false);
  expect(isComplete(draftOf({ kind: 'folder', location: '/a' }))).toBe(true);
  expect(isComplete(draftOf({ kind: 'iiif', location: '' }))).toBe(false);
  expect(isComplete(draftOf({ kind: 'folder', location: '/a' }, { languages: [] }))).toBe(false);
});
