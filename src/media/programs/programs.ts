import { SalamandraError } from '../../errors/salamandra-error.js';
import { findExecutable } from './find-executable.js';

/** A decoder that is used if it is installed. It is never shipped, and runs as a process of its own. */
interface Program {
  /** Name of its executable. */
  readonly name: string;
  /** Further executables of the same package that are used. */
  readonly others: readonly string[];
  /** Package of Debian and Ubuntu. */
  readonly debianPackage: string;
  /** Plural noun phrase: the files that it decodes. */
  readonly files: string;
}

export const DDJVU: Program = {
  name: 'ddjvu',
  others: [],
  debianPackage: 'djvulibre-bin',
  files: 'DjVu documents',
};

export const DCRAW_EMU: Program = {
  name: 'dcraw_emu',
  others: ['raw-identify'],
  debianPackage: 'libraw-bin',
  files: 'camera raw files',
};

export const PROGRAMS: readonly Program[] = [DDJVU, DCRAW_EMU];

/** Absolute paths of the executables of a program, in the order of `name` and `others`; `null` if one is missing. */
export async function findProgram(
  { name, others }: Program,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly [string, ...string[]] | null> {
  const first = await findExecutable(name, env);
  const further = await Promise.all(others.map((other) => findExecutable(other, env)));
  if (first === null || !further.every((path) => path !== null)) return null;
  return [first, ...further];
}

/** UNSUPPORTED_MEDIA_TYPE: files of this kind are only decoded where the program is installed. */
export function programMissing(
  { name, debianPackage, files }: Program,
  advice: string,
): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    `${files.charAt(0).toUpperCase()}${files.slice(1)} are decoded by the program ${name}, which is not installed. ${advice} Or install it on the server (Debian: \`apt-get install ${debianPackage}\`).`,
    { details: { program: name, package: debianPackage } },
  );
}
