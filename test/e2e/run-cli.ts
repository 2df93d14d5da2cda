import { spawn } from 'node:child_process';
import { join } from 'node:path';

const CLI = join(import.meta.dirname, '../../dist/cli.js');

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly interruptAt?: RegExp;
  /** Text for standard input. Undefined if standard input is empty. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command line in a child process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { interruptAt, input, env } = options;
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  // A command that does not read standard input may have ended before.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const seen = { stdout: '', stderr: '' };
  let isInterrupted = false;
  child.stdout.on('data', (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    seen.stderr += chunk.toString();
    // A second signal would end the process at once.
    if (isInterrupted || !interruptAt?.test(seen.stderr)) return;
    isInterrupted = true;
    child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, ...seen };
}

/** Parses JSON lines. */
export function readLines(stdout: string): object[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}
