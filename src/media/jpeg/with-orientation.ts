/** Exif data with the orientation alone: a big-endian TIFF of one directory with one entry. */
function createExif(orientation: number): Buffer {
  const header = Buffer.from('Exif\0\0MM\0*\0\0\0\b\0\x01', 'latin1');
  const entry = Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, entry]);
}

/** Adds an Exif segment with the orientation to a JPEG file without one. Source: Exif 2.32, section 4.5. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const exif = createExif(orientation);
  const marker = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), marker, exif, jpeg.subarray(2)]);
}
