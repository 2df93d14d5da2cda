import type { Command } from 'commander';

import { SalamandraError } from '../errors/salamandra-error.js';
import { sourceOf } from '../jobs/sources/source-of.js';
import type { SourceSpec } from '../jobs/sources/source.js';

/** Options of a source, before they are parsed. */
export interface SourceOptions {
  readonly include?: string;
  readonly exclude?: string;
}

export function addSourceOptions(command: Command): Command {
  return command
    .option('--include <patterns>', 'only files that match, in a folder: "*.tif,scans/**"')
    .option(
      '--exclude <patterns>',
      'no files and folders that match, in a folder: "thumbs,*_low.jpg"',
    );
}

/** The source that an argument names. @throws INVALID_PARAMETER, NOT_FOUND */
export async function readSource(
  argument: string,
  { include, exclude }: SourceOptions,
): Promise<SourceSpec> {
  const source = await sourceOf(argument);
  if (include === undefined && exclude === undefined) return source;
  if (source.kind !== 'folder') {
    throw new SalamandraError('INVALID_PARAMETER', '--include and --exclude are for folders.');
  }
  return {
    ...source,
    ...(include !== undefined && { include: parsePatterns(include) }),
    ...(exclude !== undefined && { exclude: parsePatterns(exclude) }),
  };
}

function parsePatterns(text: string): string[] {
  return text
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
}
