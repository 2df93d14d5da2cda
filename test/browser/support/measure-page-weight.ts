import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const PAGE = join(import.meta.dirname, '../../../dist/web/page');

/** Bytes of all files of the built page, each compressed with gzip. */
export function measurePageWeight(): number {
  const sizes = readdirSync(PAGE).map((name) => gzipSync(readFileSync(join(PAGE, name))).length);
  return sizes.reduce((sum, size) => sum + size, 0);
}
