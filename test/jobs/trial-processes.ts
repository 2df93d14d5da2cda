import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build, type PluginBuild } from 'esbuild';

import type { TrialWorkerOptions } from './trial-worker.js';

const ROOT = join(import.meta.dirname, '..', '..');
/** Below node_modules, so that the bundle finds the packages. One per trial. */
const BUNDLE = join(ROOT, 'node_modules', '.cache', 'salamandra-trial', `${process.pid}.mjs`);

/** Packages that look for modules, native code or WebAssembly beside their files. */
const NOT_BUNDLED = [
  ...['sharp', 'libsql', 'pg-native', 'onnxruntime-node', 'heic-decode', '@hyzyla/pdfium'],
  ...['@jsquash/jxl', '@cornerstonejs/codec-openjpeg', 'fluent-ffmpeg'],
];
/** For the CommonJS packages in the bundle. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

let bundling: Promise<unknown> | undefined;

export interface ProcessUsage {
  /** Processor time. */
  readonly cpuMs: number;
  /** Highest resident memory. */
  readonly peakMb: number;
}

/** A process of `trial-worker.ts`. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  /** What it wrote to its standard error. */
  readonly notes: string[];
  /** Whether it has begun an item. */
  isWorking(): boolean;
  /** Known when it has ended by itself. */
  usage(): ProcessUsage | undefined;
  kill(signal: NodeJS.Signals): void;
}

/** Bundled once: a process starts in a tenth of the time. */
export async function startWorker(options: TrialWorkerOptions): Promise<WorkerProcess> {
  if (!bundling) process.once('exit', () => rmSync(BUNDLE, { force: true }));
  bundling ??= build({
    entryPoints: [join(import.meta.dirname, 'trial-worker.ts')],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: NOT_BUNDLED,
    banner: { js: REQUIRE },
    target: 'node20',
    logLevel: 'warning',
    plugins: [{ name: 'own-paths', setup: keepPaths }],
  });
  await bundling;
  const child = fork(BUNDLE, [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  const notes: string[] = [];
  let isWorking = false;
  let usage: ProcessUsage | undefined;
  child.stderr?.on('data', (chunk: Buffer) => notes.push(chunk.toString()));
  child.on('message', (message: ProcessUsage | 'working') => {
    if (message === 'working') isWorking = true;
    else usage = message;
  });
  const ended = once(child, 'close').then(() => undefined);
  return {
    child,
    ended,
    notes,
    isWorking: () => isWorking,
    usage: () => usage,
    kill: (signal) => child.kill(signal),
  };
}

/** Modules that read a file beside them find it, although their code is in the bundle. */
function keepPaths(bundle: PluginBuild): void {
  bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    const source = await readFile(path, 'utf8');
    const contents = source
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
    return { contents, loader: 'ts' };
  });
}
