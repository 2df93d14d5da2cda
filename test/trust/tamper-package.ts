import {
  link,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  appendFile,
  open,
} from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';

/** A change to a package on disk that `undo` reverts. */
interface Tampering {
  readonly what: string;
  apply(): Promise<void>;
  undo(): Promise<void>;
}

export interface TamperOutcome {
  readonly what: string;
  /** The error code of loading; null if the package loaded or failed without a code. */
  readonly code: string | null;
}

/**
 * Loads a package with one changed byte at a time: in every file in turn, first its first and last bytes, then random
 * ones.
 */
export async function flipBytes(
  directory: string,
  count: number,
  random: () => number,
): Promise<TamperOutcome[]> {
  const names = (await readdir(directory)).sort();
  const outcomes: TamperOutcome[] = [];
  for (let round = 0; outcomes.length < count; round++) {
    for (const name of names.slice(0, count - outcomes.length)) {
      const { size } = await stat(join(directory, name));
      const places = [0, size - 1];
      const position = places[round] ?? Math.floor(random() * size);
      const mask = 1 + Math.floor(random() * 255);
      outcomes.push(await attempt(directory, flipByte(join(directory, name), position, mask)));
    }
  }
  return outcomes;
}

/** Loads a package with every file in turn shortened, extended, missing, replaced, a folder, a symlink, a hard link. */
export async function replaceFiles(directory: string): Promise<TamperOutcome[]> {
  const names = (await readdir(directory)).sort();
  const outcomes: TamperOutcome[] = [];
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const other = join(directory, names[(index + 1) % names.length] ?? '');
    const aside = `${directory}.aside`;
    const { size } = await stat(path);
    const putBack = async () => {
      await rm(path, { recursive: true, force: true });
      await rename(aside, path);
    };
    const swap = async () => {
      await rename(path, aside);
      await rename(other, path);
      await rename(aside, other);
    };
    const changes: Tampering[] = [
      {
        what: 'one byte longer',
        apply: () => appendFile(path, '\0'),
        undo: () => truncate(path, size),
      },
      { what: 'missing', apply: () => rename(path, aside), undo: putBack },
      { what: 'swapped', apply: swap, undo: swap },
      {
        what: 'a folder',
        apply: async () => {
          await rename(path, aside);
          await mkdir(path);
        },
        undo: putBack,
      },
      {
        what: 'a symbolic link',
        apply: async () => {
          await rename(path, aside);
          await symlink(aside, path);
        },
        undo: putBack,
      },
      { what: 'a hard link', apply: () => link(path, aside), undo: () => rm(aside) },
      { what: 'one byte shorter', ...shorten(path, size) },
    ];
    for (const change of changes) {
      outcomes.push(await attempt(directory, { ...change, what: `${name}: ${change.what}` }));
    }
  }
  return outcomes;
}

async function attempt(
  directory: string,
  { what, apply, undo }: Tampering,
): Promise<TamperOutcome> {
  await apply();
  try {
    await loadModelPackage(directory);
    return { what, code: null };
  } catch (error) {
    return { what, code: error instanceof SalamandraError ? error.code : null };
  } finally {
    await undo();
  }
}

/** Changes the file in place, since a copy of a large one would take long. */
function flipByte(path: string, position: number, mask: number): Tampering {
  const flip = async () => {
    const handle = await open(path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, position);
      byte.writeUInt8(byte.readUInt8() ^ mask);
      await handle.write(byte, 0, 1, position);
    } finally {
      await handle.close();
    }
  };
  return { what: `${path}: byte ${position} ^ ${mask}`, apply: flip, undo: flip };
}

function shorten(path: string, size: number): Pick<Tampering, 'apply' | 'undo'> {
  const last = Buffer.alloc(1);
  return {
    apply: async () => {
      const handle = await open(path, 'r');
      await handle.read(last, 0, 1, size - 1);
      await handle.close();
      await truncate(path, size - 1);
    },
    undo: () => appendFile(path, last),
  };
}
