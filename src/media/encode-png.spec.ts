import { decodeImage } from './decode-image.js';
import { encodePng } from './encode-png.js';

it('encodes pixels that are decoded unchanged', async () => {
  const data = Uint8Array.from({ length: 5 * 3 * 3 }, (_, index) => (index * 37) % 256);
  const bytes = await encodePng({ width: 5, height: 3, data });

  expect(bytes.slice(1, 4)).toEqual(Uint8Array.from(Buffer.from('PNG')));
  expect(await decodeImage({ bytes })).toMatchObject({ width: 5, height: 3 });
  expect(new Uint8Array((await decodeImage({ bytes })).data)).toEqual(data);
});
