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
  /** Folder of the package. */
  readonly packageFolder: string;
  /** Must not exist yet. */
  readonly outputFolder: string;
  readonly onProgress: (progress: { readonly step: string; readonly fraction: number }) => void;
  readonly signal: AbortSignal;
}

const FILES_AT_ONCE = 8;

const NO_SPACE = 'Not enough free disk space for the bundle in the output folder.';
const CANNOT_WRITE = 'The output folder is not writable. Choose another folder.';

interface CopiedFile {
  readonly from: string;
  /** Path in the bundle. */
  readonly to: string;
  readonly bytes: number;
}

/**
 * Writes a folder with model package, built service, README, start scripts and SHA256SUMS for a machine without a
 * network. The folder gets its name when it is complete; after an error nothing is left.
 *
 * @param project folder of the service.
 * @throws INVALID_PARAMETER (output exists or is not writable), STORAGE_FULL, MODEL_INVALID, NOT_FOUND (service not
 *   built), the signal's reason.
 */
export async function bundleModel(
  { packageFolder, outputFolder, onProgress, signal }: BundleRequest,
  project = PROJECT_DIRECTORY,
): Promise<{ readonly bytes: number }> {
  const target = resolve(outputFolder);
  if ((await stat(target).catch(() => undefined)) !== undefined) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The output folder exists already. Choose a new one.',
    );
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
    throw explainOutputError(error);
  }
  return { bytes };
}

/** Processes FILES_AT_ONCE items in parallel: with many small files the disk latency dominates. */
async function forEach<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (let begin = 0; begin < items.length; begin += FILES_AT_ONCE) {
    signal.throwIfAborted();
    // Wait for all of them before throwing: the caller then deletes the folder they write to.
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

/** A line in the format of `sha256sum`, with forward slashes on all systems. */
async function checksumLine(staging: string, name: string): Promise<string> {
  const { sha256 } = await hashFile(join(staging, name), 'refuse');
  return `${sha256}  ${name.split(sep).join('/')}\n`;
}

/** fsync, since USB sticks are often unplugged right away. */
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

/** Errors of the output file system, by the codes of Node.js. */
const DISK_ERRORS: ReadonlyMap<string | undefined, readonly [code: ErrorCode, message: string]> =
  new Map([
    ['ENOSPC', ['STORAGE_FULL', NO_SPACE]],
    ['EDQUOT', ['STORAGE_FULL', NO_SPACE]],
    [
      'EFBIG',
      [
        'STORAGE_FULL',
        'The file system of the output folder cannot store files of this size (FAT32: 4 GB). Format it as exFAT.',
      ],
    ],
    ['EACCES', ['INVALID_PARAMETER', CANNOT_WRITE]],
    ['EPERM', ['INVALID_PARAMETER', CANNOT_WRITE]],
    ['EROFS', ['INVALID_PARAMETER', CANNOT_WRITE]],
  ]);

function explainOutputError(error: unknown): unknown {
  const explanation = DISK_ERRORS.get((error as NodeJS.ErrnoException).code);
  return explanation ? new SalamandraError(...explanation, { cause: error }) : error;
}

/** Files and folders of the project that the service needs besides `node_modules`. */
const PROJECT_FILES = ['dist', 'samples', 'package.json', 'LICENSE'];

/** Written by npm: the installed packages, with a mark for development dependencies. */
const INSTALLED_LIST = join('node_modules', '.package-lock.json');

/** Type declarations and source maps. */
const UNUSED_FILE = /\.(?:d\.[cm]?ts|map)$/;

/** ONNX Runtime ships the libraries of all systems: `bin/napi-v6/linux/x64/...`. */
const NATIVE_FILE = /[\\/]napi-v\d+[\\/](\w+)[\\/](\w+)[\\/]/;

/**
 * Lists the files of the built service and its runtime dependencies for this operating system and CPU, as sorted paths
 * relative to the project. Symbolic links are skipped.
 *
 * @throws NOT_FOUND if the project is not built or not installed by npm.
 */
async function listServiceFiles(project: string): Promise<string[]> {
  const files: string[] = [];
  for (const part of PROJECT_FILES) files.push(...(await listFiles(project, part)));
  if (!files.some((file) => file === join('dist', 'cli.js'))) throw notBuilt();
  for (const folder of await listPackages(project)) {
    files.push(...(await listFiles(project, folder)).filter(isUsed));
  }
  return files.sort();
}

/** Folders of the runtime dependencies. */
async function listPackages(project: string): Promise<string[]> {
  const text = await readFile(join(project, INSTALLED_LIST), 'utf8').catch(() => {
    throw notBuilt();
  });
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([, { dev, devOptional }]) => !(dev ?? devOptional ?? false))
    .map(([folder]) => folder);
}

function isUsed(file: string): boolean {
  const [, platform, arch] = NATIVE_FILE.exec(file) ?? [];
  const isOfOtherSystem =
    platform !== undefined && (platform !== process.platform || arch !== process.arch);
  return !isOfOtherSystem && !UNUSED_FILE.test(file);
}

/** Files below a folder, or the file itself. Nested `node_modules` are skipped: npm lists their packages separately. */
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

function notBuilt(): SalamandraError {
  return new SalamandraError(
    'NOT_FOUND',
    'The service is not built. Run `npm ci` and `npm run build` first.',
  );
}
