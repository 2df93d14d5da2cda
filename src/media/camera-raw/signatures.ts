import { hasBrand } from '../signatures.js';

const SIGNATURES: readonly string[] = [
  ...['FUJIFILMCCD-RAW', 'IIRO', 'IIRS', 'MMOR', 'IIU\0', 'FOVb', '\0MRM'],
];

const isCr3 = hasBrand('crx ');

/** Tests the start of a file, read as Latin-1, for raw formats with signatures of their own. */
export function isCameraRawFile(header: string): boolean {
  return isCr3(header) || SIGNATURES.some((signature) => header.startsWith(signature));
}
