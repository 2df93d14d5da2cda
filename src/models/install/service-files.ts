import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';

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
