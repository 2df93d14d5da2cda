import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TrialRun {
  /** Everything that the trial printed, so that a failed expectation names the bound. */
  readonly output: string;
  readonly exitCode: number | null;
}

/** Runs a trial in a process of its own, as `npm run trial:…` does. @param path of its main module */
export async function runTrial(path: string, ...args: readonly string[]): Promise<TrialRun> {
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  await once(child, 'close');
  return { output, exitCode: child.exitCode };
}
