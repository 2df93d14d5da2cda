import { type PagePosition, placePage } from '../page-range.js';
import { type TiffDirectory, type TiffFile, TAG } from './tiff-directory.js';
import { readPageSize } from './tiff-page.js';

/** PhotometricInterpretation of a transparency mask. */
const MASK = 4;

/** Whether a directory holds a smaller version of another page (NewSubfileType, or its predecessor SubfileType). */
function isReduced(directory: TiffDirectory): boolean {
  return (
    ((directory.number(TAG.newSubfileType) ?? 0) & 1) === 1 ||
    directory.number(TAG.subfileType) === 2
  );
}

/** The picture of a TIFF file that is decoded. */
interface SelectedPage {
  readonly directory: TiffDirectory;
  readonly position: PagePosition;
}

/**
 * The picture of the requested page, or else the one that `selectPage` chooses.
 *
 * @throws INVALID_PARAMETER for a page that the file does not have.
 */
export function findPage(file: TiffFile, page: number | undefined): SelectedPage {
  const pages = listPages(file);
  const { length } = pages;
  if (page !== undefined) {
    const position = placePage(page, length, 'TIFF');
    return { position, directory: pages[page - 1] as TiffDirectory };
  }
  const directory = selectPage(file);
  const position = { page: Math.max(pages.indexOf(directory), 0) + 1, pages: length };
  return { position, directory };
}

/**
 * The pages in the order of the file: the chain without masks, and without the reduced versions of other pages. A page
 * whose SubIFDs tag holds a larger picture than the directory itself is that picture.
 */
function listPages({ chain, subDirectories }: TiffFile): readonly TiffDirectory[] {
  const families = chain.map((directory) => [directory]);
  for (const directory of subDirectories) families[directory.place.page]?.push(directory);
  const pages = families.flatMap((family) => choosePicture(family) ?? []);
  const full = pages.filter((directory) => !isReduced(directory));
  if (full.length > 0) return full;
  return pages.length > 0 ? pages : chain.slice(0, 1);
}

/**
 * The directory whose picture is decoded: the first page of a document whose pages say so, else the largest picture
 * that is neither a mask nor a reduced version, else the largest. In many files a thumbnail is the first directory.
 */
function selectPage({ chain, subDirectories }: TiffFile): TiffDirectory {
  const directories = [...chain, ...subDirectories];
  const first = directories.find((directory) => isPicture(directory) && !isReduced(directory));
  if (first && isPageOfDocument(first)) return first;
  // A file without any picture fails on its first directory.
  return choosePicture(directories) ?? (chain[0] as TiffDirectory);
}

/** The largest picture that is not a reduced version, else the largest; undefined without a picture. */
function choosePicture(directories: readonly TiffDirectory[]): TiffDirectory | undefined {
  const pictures = directories.filter(isPicture);
  const full = pictures.filter((directory) => !isReduced(directory));
  return (full.length > 0 ? full : pictures).reduce<TiffDirectory | undefined>(
    (best, directory) => (best && pixelsOf(best) >= pixelsOf(directory) ? best : directory),
    undefined,
  );
}

function isPicture(directory: TiffDirectory): boolean {
  return pixelsOf(directory) > 0 && !isMask(directory);
}

function isMask(directory: TiffDirectory): boolean {
  return (
    ((directory.number(TAG.newSubfileType) ?? 0) & 4) !== 0 ||
    directory.number(TAG.photometric) === MASK
  );
}

function isPageOfDocument(directory: TiffDirectory): boolean {
  const flags = directory.number(TAG.newSubfileType) ?? 0;
  return (
    (flags & 2) !== 0 || directory.number(TAG.subfileType) === 3 || directory.has(TAG.pageNumber)
  );
}

function pixelsOf(directory: TiffDirectory): number {
  const { width, height } = readPageSize(directory);
  return width * height;
}
