/** Names of TIFF's compression schemes in messages (TIFF 6.0, libtiff's `tiff.h`, camera makers). */
const COMPRESSION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'none'],
  [2, 'CCITT RLE'],
  [3, 'CCITT Group 3'],
  [4, 'CCITT Group 4'],
  [5, 'LZW'],
  [6, 'old-style JPEG'],
  [7, 'JPEG'],
  [8, 'Deflate'],
  [9, 'JBIG'],
  [10, 'JBIG'],
  [32_766, 'NeXT'],
  [32_767, 'Sony ARW'],
  [32_770, 'Samsung SRW'],
  [32_771, 'CCITT RLE'],
  [32_773, 'PackBits'],
  [32_809, 'ThunderScan'],
  [32_867, 'Kodak KDC'],
  [32_908, 'PixarFilm'],
  [32_909, 'PixarLog'],
  [32_946, 'Deflate'],
  [32_947, 'Kodak DCS'],
  [33_003, 'JPEG 2000'],
  [33_004, 'JPEG 2000'],
  [33_005, 'JPEG 2000'],
  [34_661, 'JBIG'],
  [34_676, 'SGI LogLuv'],
  [34_677, 'SGI LogLuv'],
  [34_712, 'JPEG 2000'],
  [34_713, 'Nikon NEF'],
  [34_715, 'JBIG2'],
  [34_887, 'LERC'],
  [34_892, 'lossy DNG JPEG'],
  [34_925, 'LZMA'],
  [34_926, 'ZSTD'],
  [34_933, 'PNG'],
  [34_934, 'JPEG XR'],
  [50_000, 'ZSTD'],
  [50_001, 'WebP'],
  [50_002, 'JPEG XL'],
  [52_546, 'JPEG XL'],
  [65_000, 'Kodak DCR'],
  [65_535, 'Pentax PEF'],
]);

/** Values of PhotometricInterpretation that are read. */
export const PHOTOMETRIC = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  palette: 3,
  separated: 5,
  yCbCr: 6,
  cieLab: 8,
  iccLab: 9,
} as const;

/** Values of PhotometricInterpretation that mark the sensor data of cameras. */
export const RAW_PHOTOMETRICS: ReadonlySet<number> = new Set([32_803, 34_892]);

const PHOTOMETRIC_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'white is zero'],
  [1, 'black is zero'],
  [2, 'RGB'],
  [3, 'palette'],
  [4, 'transparency mask'],
  [5, 'separated (CMYK)'],
  [6, 'YCbCr'],
  [8, 'CIE L*a*b*'],
  [9, 'ICC L*a*b*'],
  [10, 'ITU L*a*b*'],
  [32_803, 'color filter array'],
  [32_844, 'LogL'],
  [32_845, 'LogLuv'],
  [34_892, 'linear raw'],
]);

/** `compression ZSTD (50000)` */
export function nameCompression(code: number): string {
  return `compression ${COMPRESSION_NAMES.get(code) ?? 'code'} (${code})`;
}

/** `color space LogLuv (32845)` */
export function namePhotometric(code: number): string {
  return `color space ${PHOTOMETRIC_NAMES.get(code) ?? 'code'} (${code})`;
}
