import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SyntheticFile } from './synthetic-checkpoint.js';

/** The hashes of a file's content in the hub's listing. */
export interface FileHashes {
  /** The git object id of the content, or for a large file, that of its LFS pointer. */
  readonly gitSha1: string;
  readonly sha256: string;
}

/** The bytes of a file that, with its size, identify it among the synthetic files. */
const SAMPLE_BYTES = 1 << 20;

/**
 * Hashes every file of a repository. 16 GB take one or two minutes, so the hashes are cached in the folder for
 * temporary files, keyed by a hash of samples of the content.
 */
export async function hashFiles(
  files: ReadonlyMap<string, SyntheticFile>,
): Promise<Map<string, FileHashes>> {
  const hashes = new Map<string, FileHashes>();
  for (const [name, file] of files) {
    const sha256 =
      file.size > SAMPLE_BYTES ? await rememberSha256(file) : digest('sha256', file, file.size);
    const gitSha1 =
      file.storage === 'lfs' ? hashPointer(sha256, file.size) : hashBlob(file.size, file);
    hashes.set(name, { sha256, gitSha1 });
  }
  return hashes;
}

async function rememberSha256(file: SyntheticFile): Promise<string> {
  const sample = digest('sha256', file, SAMPLE_BYTES);
  const path = join(tmpdir(), `salamandra-synthetic-${sample}-${file.size}.sha256`);
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const sha256 = digest('sha256', file, file.size);
  await writeFile(`${path}.${process.pid}`, sha256);
  await rename(`${path}.${process.pid}`, path);
  return sha256;
}

function digest(algorithm: string, file: SyntheticFile, end: number, prefix = ''): string {
  const hash = createHash(algorithm).update(prefix);
  for (const piece of file.read(0, end)) hash.update(piece);
  return hash.digest('hex');
}

function hashBlob(size: number, file: SyntheticFile): string {
  return digest('sha1', file, size, `blob ${size}\0`);
}

function hashPointer(sha256: string, size: number): string {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  return createHash('sha1').update(`blob ${pointer.length}\0${pointer}`).digest('hex');
}
