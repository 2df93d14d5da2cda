import { fillRectangle, writePdf } from '../../../test/media/write-pdf.js';
import { createRandom } from '../../decoder/sampling/random.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { decodeImage, readImageSize } from '../decode-image.js';
import type { DecodedImage } from '../decoded-image.js';

const RED = [1, 0, 0] as const;
const BLUE = [0, 0, 1] as const;

/** Red in the lower left quarter, on nothing. */
const quarter = (width: number, height: number, color: readonly [number, number, number] = RED) =>
  fillRectangle(color, [0, 0, width / 2, height / 2]);

const THREE_PAGES = writePdf([
  { width: 595, height: 842, content: quarter(595, 842) },
  { width: 400, height: 200, content: quarter(400, 200, BLUE), rotate: 90 },
  { width: 100, height: 100, content: '' },
]);

/** The color at a place given as fractions of the width and the height, from the upper left corner. */
function colorAt({ width, height, data }: DecodedImage, x: number, y: number): number[] {
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  return [...data.subarray(at, at + 3)];
}

async function refusal(bytes: Uint8Array, page?: number): Promise<SalamandraError> {
  return await decodeImage({ bytes }, { page }).then(
    () => Promise.reject(new Error('The page was drawn.')),
    (error: unknown) => error as SalamandraError,
  );
}

describe('pages of a PDF file', () => {
  it('are drawn on white, the first one by default', async () => {
    const image = await decodeImage({ bytes: THREE_PAGES });
    expect([image.width, image.height, image.page, image.pages]).toEqual([1447, 2048, 1, 3]);
    expect(colorAt(image, 0.25, 0.75)).toEqual([255, 0, 0]);
    expect(colorAt(image, 0.25, 0.25)).toEqual([255, 255, 255]);
    expect(colorAt(image, 0.75, 0.75)).toEqual([255, 255, 255]);
  });

  it('are upright after their rotation', async () => {
    const image = await decodeImage({ bytes: THREE_PAGES }, { page: 2 });
    expect([image.width, image.height]).toEqual([1024, 2048]);
    // A quarter turn clockwise takes the lower left corner to the upper left.
    expect(colorAt(image, 0.25, 0.25)).toEqual([0, 0, 255]);
    expect(colorAt(image, 0.25, 0.75)).toEqual([255, 255, 255]);
    expect(await readImageSize({ bytes: THREE_PAGES }, { page: 2 })).toEqual({
      width: 1024,
      height: 2048,
    });
  });

  it('are reported as blank if nothing is drawn', async () => {
    expect(await decodeImage({ bytes: THREE_PAGES }, { page: 3 })).toMatchObject({ isBlank: true });
  });

  it('are refused with their number if they do not exist', async () => {
    const error = await refusal(THREE_PAGES, 4);
    expect(error.code).toBe('INVALID_PARAMETER');
    expect(error.publicMessage).toContain('The PDF file has 3 pages, and page 4 was requested.');
  });

  it('have a bounded number of pixels, whatever their box', async () => {
    const bytes = writePdf([{ width: 1_000_000, height: 2, content: quarter(1_000_000, 2) }]);
    expect(await readImageSize({ bytes })).toEqual({ width: 2048, height: 1 });
  });
});

describe('PDF files that are not read', () => {
  const page = { width: 100, height: 100, content: quarter(100, 100) };
  const hex = (byte: string) => `<${byte.repeat(32)}>`;
  const key = `/O ${hex('41')} /U ${hex('42')} /P -4`;

  it.each([
    [`/Encrypt << /Filter /Standard /V 1 /R 2 ${key} >>`, 'encryption with a password'],
    [`/Encrypt << /Filter /Other /V 1 /R 2 ${key} >>`, 'an unknown encryption'],
  ])('are refused by name: %s', async (encrypt, name) => {
    const trailer = `${encrypt} /ID [${hex('43')} ${hex('43')}]`;
    const error = await refusal(writePdf([page], trailer));
    expect(error.code).toBe('UNSUPPORTED_FEATURE');
    expect(error.publicMessage).toContain(name);
  });

  it('are damaged without their end, or without pages', async () => {
    const cut = await refusal(THREE_PAGES.subarray(0, 400));
    expect(cut.code).toBe('MEDIA_CORRUPT');
    expect(cut.details).toEqual({ byte: 400 });
    expect((await refusal(writePdf([]))).code).toBe('MEDIA_CORRUPT');
    expect((await refusal(Buffer.from('%PDF-1.4\nstartxref\n0\n%%EOF'))).code).toBe(
      'MEDIA_CORRUPT',
    );
  });

  it('never crash the decoder: 300 mutants', async () => {
    const random = createRandom(20);
    const small = writePdf([{ ...page, content: `${page.content} BT 9 0 0 9 5 5 Tm (x) Tj ET` }]);
    const codes = new Set<string>();
    for (let mutant = 0; mutant < 300; mutant += 1) {
      const bytes = Buffer.from(small);
      for (let change = 0; change < 1 + (mutant % 8); change += 1) {
        bytes[9 + Math.floor(random() * (bytes.length - 9))] = Math.floor(random() * 256);
      }
      const code = await readImageSize({ bytes }).then(
        ({ width, height }) => (width <= 2048 && height <= 2048 ? 'read' : 'size'),
        (error: unknown) => (error instanceof SalamandraError ? error.code : String(error)),
      );
      codes.add(code);
    }
    expect([...codes].sort()).toEqual(['MEDIA_CORRUPT', 'read']);
  });
});
