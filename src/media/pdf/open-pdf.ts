import { MAX_DOCUMENT_PAGES, MAX_PDF_BYTES, PDF_SIDE_PIXELS } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ByteSource } from '../byte-source.js';
import { damagedImage, grouped, imageTooLarge, unsupportedFeature } from '../image-errors.js';
import { type PagePosition, placePage } from '../page-range.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { type PdfDocument, type PdfFailure, withPdf } from './pdfium.js';

/** A page of a document. Its size in pixels is chosen here, because a page has no pixels. */
export interface PdfPage {
  readonly position: PagePosition;
  readonly width: number;
  readonly height: number;
}

/** Bytes before the end in which the reference to the table of objects is searched. */
const TRAILER_BYTES = 65_536;

/**
 * Reads the size of a page: PDF_SIDE_PIXELS on its longer side.
 *
 * @param page counted from 1. Undefined: the first one.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE for encrypted documents, MEDIA_TOO_LARGE, MEDIA_TOO_EXPENSIVE,
 *   INVALID_PARAMETER for a page that the document does not have
 */
export async function openPdf(source: ByteSource, page: number | undefined): Promise<PdfPage> {
  checkFile(source);
  return await usePdf(source, (document) => {
    const { pages } = document;
    if (pages < 1) throw damaged('it has no pages');
    if (pages > MAX_DOCUMENT_PAGES) {
      const message = `The PDF file has ${grouped(pages)} pages. The limit is ${grouped(MAX_DOCUMENT_PAGES)} pages. Split the file.`;
      throw imageTooLarge('pages', pages, MAX_DOCUMENT_PAGES, message);
    }
    const position = placePage(page, pages, 'PDF');
    const size = document.readPageSize(position.page - 1);
    if (!size || !(size.width > 0) || !(size.height > 0)) {
      throw damaged(`page ${position.page} cannot be read`);
    }
    const scale = PDF_SIDE_PIXELS / Math.max(size.width, size.height);
    const toPixels = (points: number) => Math.max(1, Math.round(points * scale));
    return { position, width: toPixels(size.width), height: toPixels(size.height) };
  });
}

/**
 * Draws a page on a white ground as a baseline TIFF.
 *
 * @throws as `openPdf`
 */
export async function drawPdf(
  source: ByteSource,
  { position, width, height }: PdfPage,
): Promise<Uint8Array> {
  const drawn = await usePdf(source, (document) =>
    document.drawPage(position.page - 1, width, height),
  );
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: null, orientation: 1 },
    iccProfile: new Uint8Array(),
  });
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = drawn[from] as number;
    pixels[to + 1] = drawn[from + 1] as number;
    pixels[to + 2] = drawn[from + 2] as number;
  }
  return file;
}

/** PDFium would repair a file that was cut off, and draw what is left of its pages. */
function checkFile(source: ByteSource): void {
  const { length } = source;
  if (length > MAX_PDF_BYTES) {
    const message = `The PDF file has ${grouped(length)} bytes. The limit is ${grouped(MAX_PDF_BYTES)} bytes. Send single pages, or reduce its images.`;
    throw imageTooLarge('bytes', length, MAX_PDF_BYTES, message);
  }
  const end = source.read(Math.max(0, length - TRAILER_BYTES), TRAILER_BYTES);
  if (Buffer.from(end).includes('startxref')) return;
  throw damagedImage({
    format: 'PDF',
    finding: 'it has no reference to its table of objects (startxref) at its end',
    byte: length,
  });
}

async function usePdf<T extends object>(
  source: ByteSource,
  use: (document: PdfDocument) => T,
): Promise<T> {
  let result: T | PdfFailure;
  try {
    result = await withPdf(source.read(0, source.length), use);
  } catch (error) {
    if (error instanceof SalamandraError) throw error;
    throw new SalamandraError(
      'MEDIA_TOO_EXPENSIVE',
      'Drawing the page of the PDF file exceeded the memory of its decoder, or the page is damaged. Export the page as an image.',
      { cause: error },
    );
  }
  if (typeof result !== 'string') return result;
  switch (result) {
    case 'password':
      throw encrypted('encryption with a password');
    case 'encryption':
      throw encrypted('an unknown encryption');
    case 'damaged':
      throw damaged('its objects cannot be read');
  }
}

function encrypted(feature: string): SalamandraError {
  return unsupportedFeature('PDF', feature, 'Save it without encryption.');
}

function damaged(finding: string): SalamandraError {
  return damagedImage({ format: 'PDF', finding });
}
