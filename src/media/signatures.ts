export type MediaKind = 'image' | 'video';

/** Tests the start of a file, read as Latin-1, against a signature. */
export function startsWith(signature: RegExp): (header: string) => boolean {
  return (header) => signature.test(header);
}

/** Tests the brands of an ISO media file. */
export function hasBrand(...brands: readonly string[]): (header: string) => boolean {
  return (header) => isoMediaBrands(header).some((brand) => brands.includes(brand));
}

/**
 * Major and compatible brands of the `ftyp` box (ISO/IEC 14496-12, section 4.3); empty for files without this box.
 */
function isoMediaBrands(header: string): string[] {
  const [sizeEnd, typeEnd, versionAt] = [4, 8, 12];
  if (header.slice(sizeEnd, typeEnd) !== 'ftyp') return [];
  const boxBytes = Buffer.from(header.slice(0, sizeEnd), 'latin1').readUInt32BE();
  const end = Math.min(boxBytes, header.length);
  const brands: string[] = [];
  for (let at = typeEnd; at + 4 <= end; at += 4) {
    // The minor version follows the major brand.
    if (at !== versionAt) brands.push(header.slice(at, at + 4));
  }
  return brands;
}
