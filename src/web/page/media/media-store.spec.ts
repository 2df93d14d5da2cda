import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import {
  addFiles,
  clearMedia,
  media,
  removeMedia,
  selected,
  selectMedia,
  rejectedFiles,
} from './media-store.js';

const image = (name: string) => new File(['x'], name, { type: 'image/png' });
const names = () => media.value.map(({ file }) => file.name);
const isLive = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );
const idOf = (name: string) => media.value.find(({ file }) => file.name === name)!.id;

describe('the media store', () => {
  afterEach(clearMedia);

  it('keeps the order and selects the first of the files added last', () => {
    addFiles([image('a.png'), image('b.png')]);
    addFiles([new File(['x'], 'c.mkv'), image('d.png')]);

    expect(names()).toEqual(['a.png', 'b.png', 'c.mkv', 'd.png']);
    expect(selected.value).toMatchObject({ kind: 'video', file: { name: 'c.mkv' } });
  });

  it('rejects other files and files beyond the limit, and reports both', () => {
    addFiles([image('first.png')]);
    addFiles([
      new File(['x'], 'notes.txt', { type: 'text/plain' }),
      ...Array.from({ length: MAX_MEDIA_PER_REQUEST }, (_, i) => image(`${i}.png`)),
    ]);

    expect(names()).toEqual([
      'first.png',
      '0.png',
      '1.png',
      '2.png',
      '3.png',
      '4.png',
      '5.png',
      '6.png',
    ]);
    expect(rejectedFiles.value).toEqual([
      { reason: 'tooMany' },
      { reason: 'unknownKind', name: 'notes.txt' },
    ]);

    selectMedia(idOf('3.png'));
    addFiles([image('more.png')]);
    expect(selected.value?.file.name).toBe('3.png');
    expect(rejectedFiles.value).toEqual([{ reason: 'tooMany' }]);
  });

  it('selects a neighbor of a removed item and revokes its URL', async () => {
    addFiles([image('a.png'), image('b.png'), image('c.png')]);
    const urls = media.value.map(({ url }) => url);
    selectMedia(idOf('b.png'));

    removeMedia(idOf('b.png'));
    expect(selected.value?.file.name).toBe('c.png');
    expect(await Promise.all(urls.map(isLive))).toEqual([true, false, true]);

    removeMedia(idOf('c.png'));
    expect(selected.value?.file.name).toBe('a.png');

    clearMedia();
    expect(selected.value).toBeNull();
    expect(await Promise.all(urls.map(isLive))).toEqual([false, false, false]);
  });
});
