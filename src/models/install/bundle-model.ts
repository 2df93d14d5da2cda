import { constants } from 'node:fs';
import {
  copyFile,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
  readFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { PROJECT_DIRECTORY } from '../../config/configuration.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { hashFile } from '../package/file-hash.js';
import { MANIFEST_FILE } from '../package/manifest.js';
import { inspectPackage, loadModelPackage } from '../package/model-package.js';
import { BUNDLED_PACKAGE } from '../package/resolve-model.js';
import { BUNDLED_SERVICE, bundleTexts, CHECKSUM_FILE } from './bundle-templates.js';

export interface BundleRequest {
  /** A package. */
  readonly packageFolder: string;
  /** Must not exist yet. */
  readonly outputFolder: string;
  readonly onProgress: (progress: { readonly step: string; readonly fraction: number }) => void;
  readonly signal: AbortSignal;
}

const FILES_AT_ONCE = 8;

const NO_SPACE = 'There is not enough space for the bundle.';
const CANNOT_WRITE = 'The output folder cannot be written.';

interface CopiedFile {
  readonly from: string;
  /** Path in the bundle. */
  readonly to: string;
  readonly bytes: number;
}

/**
 * Makes a folder with a model, the service that runs it, a README and the hashes of everything: what a machine
 * without a network needs. The folder appears when it is complete.
 *
 * @param project the service's own folder.
 * @throws INVALID_PARAMETER when the output exists or cannot be written, STORAGE_FULL, MODEL_INVALID, NOT_FOUND when
 *   the service was not built, and the signal's reason. Nothing is left behind then.
 */
export async function bundleModel(
  { packageFolder, outputFolder, onProgress, signal }: BundleRequest,
  project = PROJECT_DIRECTORY,
): Promise<{ readonly bytes: number }> {
  const target = resolve(outputFolder);
  if ((await stat(target).catch(() => undefined)) !== undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'The output folder exists already.');
  }
  const manifest = await inspectPackage(packageFolder);
  const modelFiles = [...Object.keys(manifest.files), MANIFEST_FILE];
  const files = [
    ...(await sizesOf(packageFolder, modelFiles, BUNDLED_PACKAGE)),
    ...(await sizesOf(project, await listServiceFiles(project), BUNDLED_SERVICE)),
  ];
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const staging = join(dirname(target), `.${basename(target)}.partial`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await checkSpace(dirname(target), bytes);
    await rm(staging, { recursive: true, force: true });
    let done = 0;
    await forEach(files, signal, async ({ from, to, bytes: size }) => {
      onProgress({ step: 'Copying', fraction: done / bytes });
      const path = join(staging, to);
      await mkdir(dirname(path), { recursive: true });
      await copyFile(from, path, constants.COPYFILE_FICLONE);
      done += size;
    });
    onProgress({ step: 'Checking the copy', fraction: 0 });
    await loadModelPackage(join(staging, BUNDLED_PACKAGE));
    const { platform, arch, version } = process;
    const texts = bundleTexts(manifest, { platform, arch, nodeVersion: version });
    for (const [name, text] of texts) {
      await writeFile(join(staging, name), text, { mode: name === 'salamandra' ? 0o755 : 0o644 });
    }
    const sums: string[] = [];
    await forEach([...files.map(({ to }) => to), ...texts.keys()], signal, async (name) => {
      sums.push(await checksumLine(staging, name));
    });
    await writeFile(join(staging, CHECKSUM_FILE), sums.sort().join(''));
    await flushFolder(join(staging, BUNDLED_PACKAGE));
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw explainRefusal(error);
  }
  return { bytes };
}

/** Works on a few at a time: most files are small, and wait for the disk more than for anything else. */
async function forEach<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (let begin = 0; begin < items.length; begin += FILES_AT_ONCE) {
    signal.throwIfAborted();
    // All of them come to an end before a failure is told, since what they wrote is deleted then.
    const outcomes = await Promise.allSettled(items.slice(begin, begin + FILES_AT_ONCE).map(work));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function sizesOf(folder: string, names: string[], into: string): Promise<CopiedFile[]> {
  const files: CopiedFile[] = [];
  for (const name of names) {
    const from = join(folder, name);
    files.push({ from, to: join(into, name), bytes: (await stat(from)).size });
  }
  return files;
}

async function checkSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bytes > bavail * bsize) throw new SalamandraError('STORAGE_FULL', NO_SPACE);
}

/** A line of `sha256sum`, which has slashes on every system. */
async function checksumLine(staging: string, name: string): Promise<string> {
  const { sha256 } = await hashFile(join(staging, name), 'refuse');
  return `${sha256}  ${name.split(sep).join('/')}\n`;
}

/** Sticks are pulled out early. */
async function flushFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const handle = await open(join(folder, name), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** What file systems say, in words for whoever chose the output folder. */
const REFUSALS: ReadonlyMap<string | undefined, readonly [code: ErrorCode, message: string]> =
  new Map([
    ['ENOSPC', ['STORAGE_FULL', NO_SPACE]],
    ['EDQUOT', ['STORAGE_FULL', NO_SPACE]],
    [
      'EFBIG',
      [
        'STORAGE_FULL',
        'The file system of the output folder holds no file that large; exFAT does.',
      ],
    ],
    ['EACCES', ['INVALID_PARAMETER', CANNOT_WRITE]],
    ['EPERM', ['INVALID_PARAMETER', CANNOT_WRITE]],
    ['EROFS', ['INVALID_PARAMETER', CANNOT_WRITE]],
  ]);

function explainRefusal(error: unknown): unknown {
  const refusal = REFUSALS.get((error as NodeJS.ErrnoException).code);
  return refusal ? new SalamandraError(...refusal, { cause: error }) : error;
}

/** What a service needs of its project beside the installed packages; a folder with all below it. */
const PROJECT_PARTS = ['dist', 'samples', 'package.json', 'LICENSE'];

/** Where npm notes what it installed, and which of it is for development. */
const INSTALLED_LIST = join('node_modules', '.package-lock.json');

/** A package that others ask for and only browsers load. */
const BROWSER_PACKAGE = 'node_modules/onnxruntime-web';

/** What compilers and debuggers read, and nobody else. */
const UNUSED_FILE = /\.(?:d\.[cm]?ts|map)$/;

/** Libraries for several systems in one package: `bin/napi-v6/linux/x64/...`. */
const NATIVE_FILE = /[\\/]napi-v\d+[\\/](\w+)[\\/](\w+)[\\/]/;

/**
 * The files a service consists of, built and with the packages it needs on a machine of this kind, as paths in
 * the project's folder, sorted. Links are left out.
 *
 * @throws NOT_FOUND when the project was not built or not installed by npm.
 */
export async function listServiceFiles(project: string): Promise<string[]> {
  const files: string[] = [];
  for (const part of PROJECT_PARTS) files.push(...(await listFiles(project, part)));
  if (!files.some((file) => file === join('dist', 'cli.js'))) throw incomplete();
  for (const folder of await listPackages(project)) {
    files.push(...(await listFiles(project, folder)).filter(isUsed));
  }
  return files.sort();
}

/** Folders of the packages that the service needs when it runs. */
async function listPackages(project: string): Promise<string[]> {
  const text = await readFile(join(project, INSTALLED_LIST), 'utf8').catch(() => {
    throw incomplete();
  });
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([folder, { dev, devOptional }]) => {
      return !(dev ?? devOptional ?? false) && folder !== BROWSER_PACKAGE;
    })
    .map(([folder]) => folder);
}

function isUsed(file: string): boolean {
  const [, platform, arch] = NATIVE_FILE.exec(file) ?? [];
  const isOfOtherSystem =
    platform !== undefined && (platform !== process.platform || arch !== process.arch);
  return !isOfOtherSystem && !UNUSED_FILE.test(file);
}

/** The files of a folder, or a file itself; packages inside a package are in the list by themselves. */
async function listFiles(project: string, part: string): Promise<string[]> {
  const entries = await readdir(join(project, part), { withFileTypes: true }).catch(
    (error: unknown) => ((error as NodeJS.ErrnoException).code === 'ENOTDIR' ? null : []),
  );
  if (entries === null) return [part];
  const lists = await Promise.all(
    entries.map(async (entry) => {
      if (entry.isFile()) return [join(part, entry.name)];
      if (!entry.isDirectory() || entry.name === 'node_modules') return [];
      return await listFiles(project, join(part, entry.name));
    }),
  );
  return lists.flat();
}

function incomplete(): SalamandraError {
  return new SalamandraError(
    'NOT_FOUND',
    'A bundle holds the built service: run "npm ci" and "npm run build" first.',
  );
}
