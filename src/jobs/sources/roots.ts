import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { escapeFileName, unescapeFileName } from './file-names.js';
import type { SourceSpec } from './source.js';

/**
 * Checks that a file or folder is one of the operator's roots or below one, after resolving symbolic links.
 *
 * @param path absolute, with the escapes of `escapeFileName`, as all paths of sources.
 * @returns the path without symbolic links, escaped.
 * @throws FORBIDDEN, also for a path that does not exist: a client must not learn which files the machine has.
 */
export async function assertBelowRoots(path: string, roots: readonly string[]): Promise<string> {
  const resolved = await realpath(unescapeFileName(path), 'buffer').catch((cause: unknown) => {
    throw outsideRoots(cause);
  });
  if (!(await isBelow(resolved, roots))) throw outsideRoots();
  return escapeFileName(resolved);
}

/** Checks the path that a source names. @throws FORBIDDEN */
export async function assertSourceBelowRoots(
  spec: SourceSpec,
  roots: readonly string[],
): Promise<void> {
  const path = pathOf(spec);
  if (path !== null) await assertBelowRoots(path, roots);
}

function pathOf(spec: SourceSpec): string | null {
  switch (spec.kind) {
    case 'folder':
    case 'table':
    case 'list':
    case 'zip':
      return spec.path;
    case 'iiif':
      return isFileUrl(spec.url) ? escapeFileName(Buffer.from(pathOfUrl(spec.url))) : null;
    case 'urls':
      return null;
  }
}

export function isFileUrl(url: string): boolean {
  return /^file:/i.test(url);
}

/** The path of a `file:` URL. @throws INVALID_PARAMETER, for another host for example */
export function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The file: URL does not name a file of this machine. Write it as file:///folder/file.json.',
      { cause },
    );
  }
}

async function isBelow(resolved: Buffer, roots: readonly string[]): Promise<boolean> {
  // Latin-1 keeps each byte: names need not be valid UTF-8.
  const path = `${resolved.toString('latin1')}/`;
  for (const root of roots) {
    const resolvedRoot = await realpath(root, 'buffer').catch(() => null);
    if (resolvedRoot === null) continue;
    const prefix = resolvedRoot.toString('latin1').replace(/\/*$/, '/');
    if (path.startsWith(prefix)) return true;
  }
  return false;
}

function outsideRoots(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'FORBIDDEN',
    'The path does not exist, or is not below a folder that the operator allows for jobs. Ask the operator to allow the folder.',
    { cause },
  );
}
