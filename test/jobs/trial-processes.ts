import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { build } from 'esbuild';

import type { TrialWorkerOptions } from './trial-worker.js';

const ROOT = join(import.meta.dirname, '..', '..');
/** Below node_modules, so that the bundle finds the packages. */
const BUNDLE = join(ROOT, 'node_modules', '.cache', 'salamandra-trial', 'worker.mjs');

let bundling: Promise<unknown> | undefined;

/** A process of `trial-worker.ts`. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  /** What it wrote to its standard error. */
  readonly notes: string[];
  /** Milliseconds of processor time; 0 until it ends by itself. */
  cpuMs(): number;
  kill(signal: NodeJS.Signals): void;
}

/** Bundled once: a process starts in a fifth of the time. */
export async function startWorker(options: TrialWorkerOptions): Promise<WorkerProcess> {
  bundling ??= build({
    entryPoints: [join(import.meta.dirname, 'trial-worker.ts')],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
    logLevel: 'warning',
    // Node's loader knows no such names.
    define: { 'import.meta.dirname': JSON.stringify(join(ROOT, 'src')) },
  });
  await bundling;
  const child = fork(BUNDLE, [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  const notes: string[] = [];
  let cpuMs = 0;
  child.stderr?.on('data', (chunk: Buffer) => notes.push(chunk.toString()));
  child.on('message', (message: { readonly cpuMs: number }) => (cpuMs = message.cpuMs));
  const ended = once(child, 'close').then(() => undefined);
  return { child, ended, notes, cpuMs: () => cpuMs, kill: (signal) => child.kill(signal) };
}
