/**
 * `npm run trial:package`: packs the checkout, installs it with `npm install --global` into an empty home, with its
 * dependencies from the registry, captions a sample and asks the service for its health. Takes a minute or two. Exits
 * with 1 if a step fails.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { copySamples, environmentOfUser, pack } from './installed-package.js';

const READY_MS = 60_000;
const PORT_LINE = /listening on (http:\/\/[^\s]+)/;

const folder = createTemporaryFolder();
const [home, prefix, work] = ['home', 'prefix', 'work'].map((name) => {
  mkdirSync(folder.path(name));
  return folder.path(name);
}) as [string, string, string];
const env = environmentOfUser(home);
const command = join(prefix, 'bin/visual-salamandra');

try {
  const tarball = await pack(folder.path(''));
  copySamples(work, ['fox.png']);
  run('npm', [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--ignore-scripts',
    '--no-audit',
    tarball,
  ]);
  check('version', run(command, ['--version']), /^\d+\.\d+\.\d+\n$/);
  check('caption', run(command, ['caption', 'fox.png', '--languages', 'ca,en']), /guineu[^]*fox/);
  check('serve', await askService(), /^200$/);
} finally {
  folder.remove();
}

function run(program: string, args: readonly string[]): string {
  const startMs = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: work, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  console.log(`${args[0]}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  return stdout;
}

/** Starts the service on a free port. @returns the status of /health/ready once the model is loaded */
async function askService(): Promise<string> {
  const service = spawn(command, ['serve', '--port', '0'], { cwd: work, env });
  try {
    let output = '';
    for (const stream of [service.stdout, service.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const endMs = performance.now() + READY_MS;
    while (performance.now() < endMs) {
      const url = PORT_LINE.exec(output)?.[1];
      const response = url && (await fetch(new URL('/health/ready', url)).catch(() => undefined));
      if (response && response.ok) return String(response.status);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return output;
  } finally {
    service.kill('SIGTERM');
  }
}

function check(what: string, text: string, expected: RegExp): void {
  const isRight = expected.test(text);
  console.log(`${what}: ${text.trim().replaceAll('\n', ' | ')} | ${isRight ? 'ok' : 'FAILED'}`);
  if (!isRight) process.exitCode = 1;
}
