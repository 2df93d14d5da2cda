import { PDFiumModule } from '@hyzyla/pdfium';

type Pdfium = Awaited<ReturnType<typeof PDFiumModule>>;

/** Why PDFium does not open a document. Source: `FPDF_ERR_*` in fpdfview.h. */
export type PdfFailure = 'password' | 'encryption' | 'damaged';

const FAILURES: ReadonlyMap<number, PdfFailure> = new Map([
  [4, 'password'],
  [5, 'encryption'],
]);

/** An open document. Pages are counted from 0. */
export interface PdfDocument {
  readonly pages: number;
  /** Width and height in points after the page's rotation; `null` if the page cannot be read. */
  readPageSize(page: number): { readonly width: number; readonly height: number } | null;
  /** Draws a page on white, with its annotations: RGBX, row-major, `width * height * 4` bytes. */
  drawPage(page: number, width: number, height: number): Uint8Array;
}

/** Memory of a WebAssembly instance never shrinks. Above this size a new instance replaces it. */
const MAX_KEPT_BYTES = 128_000_000;

let loaded: Promise<Pdfium> | undefined;

async function load(): Promise<Pdfium> {
  const pdfium = await PDFiumModule({});
  // The version of the structure alone is not read: this is the default configuration.
  pdfium._FPDF_InitLibraryWithConfig({});
  return pdfium;
}

/**
 * Opens a document in PDFium, a WebAssembly module without access to files and network, and passes it to `use`.
 *
 * @returns the result of `use`, or why the document cannot be opened.
 * @throws the errors of `use`; WebAssembly.RuntimeError or RangeError if the content crashes PDFium or exhausts its
 *   memory. The next document then gets a new instance.
 */
export async function withPdf<T>(
  bytes: Uint8Array,
  use: (document: PdfDocument) => T,
): Promise<T | PdfFailure> {
  const pdfium = await (loaded ??= load());
  try {
    const result = openDocument(pdfium, bytes, use);
    if (pdfium.HEAPU8.length > MAX_KEPT_BYTES) loaded = undefined;
    return result;
  } catch (error) {
    loaded = undefined;
    throw error;
  }
}

function openDocument<T>(
  pdfium: Pdfium,
  bytes: Uint8Array,
  use: (document: PdfDocument) => T,
): T | PdfFailure {
  const file = allocate(pdfium, bytes.length);
  pdfium.HEAPU8.set(bytes, file);
  const document = pdfium._FPDF_LoadMemDocument(file, bytes.length, 0);
  if (document === 0) {
    const failure = FAILURES.get(pdfium._FPDF_GetLastError()) ?? 'damaged';
    pdfium.wasmExports.free(file);
    return failure;
  }
  const result = use({
    pages: pdfium._FPDF_GetPageCount(document),
    readPageSize: (index) =>
      withPage(pdfium, document, index, (page) => ({
        width: pdfium._FPDF_GetPageWidth(page),
        height: pdfium._FPDF_GetPageHeight(page),
      })),
    drawPage(index, width, height) {
      const pixels = withPage(pdfium, document, index, (page) =>
        drawPage(pdfium, page, width, height),
      );
      if (!pixels) throw new RangeError(`Page ${index} cannot be read.`);
      return pixels;
    },
  });
  pdfium._FPDF_CloseDocument(document);
  pdfium.wasmExports.free(file);
  return result;
}

function withPage<T>(
  pdfium: Pdfium,
  document: number,
  index: number,
  use: (page: number) => T,
): T | null {
  const page = pdfium._FPDF_LoadPage(document, index);
  if (page === 0) return null;
  const result = use(page);
  pdfium._FPDF_ClosePage(page);
  return result;
}

/** FPDFBitmap_BGRx, and the flags FPDF_ANNOT and FPDF_REVERSE_BYTE_ORDER. */
const BITMAP_FORMAT = 3;
const DRAWING_FLAGS = 0x01 | 0x10;
const WHITE = 0xffffffff;

function drawPage(pdfium: Pdfium, page: number, width: number, height: number): Uint8Array {
  const length = width * height * 4;
  const pixels = allocate(pdfium, length);
  const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BITMAP_FORMAT, pixels, width * 4);
  pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
  pdfium._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, DRAWING_FLAGS);
  const drawn = pdfium.HEAPU8.slice(pixels, pixels + length);
  pdfium._FPDFBitmap_Destroy(bitmap);
  pdfium.wasmExports.free(pixels);
  return drawn;
}

/** @throws RangeError */
function allocate(pdfium: Pdfium, bytes: number): number {
  const at = pdfium.wasmExports.malloc(bytes);
  if (at === 0) throw new RangeError(`PDFium cannot allocate ${bytes} bytes.`);
  return at;
}
