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

/**
 * The directory whose picture is decoded: the first page of a document whose pages say so, else the largest picture
 * that is neither a mask nor a reduced version, else the largest. In many files a thumbnail is the first directory.
 */
export function selectPage({ chain, subDirectories }: TiffFile): TiffDirectory {
  const pictures = [...chain, ...subDirectories].filter(
    (directory) => pixelsOf(directory) > 0 && !isMask(directory),
  );
  const full = pictures.filter((directory) => !isReduced(directory));
  const [first] = full;
  if (first && isPageOfDocument(first)) return first;
  const candidates = full.length > 0 ? full : pictures;
  const largest = candidates.reduce<TiffDirectory | undefined>(
    (best, directory) => (best && pixelsOf(best) >= pixelsOf(directory) ? best : directory),
    undefined,
  );
  // A file without any picture fails on its first directory.
  return largest ?? (chain[0] as TiffDirectory);
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
