/** A job over the samples, run by the command line as a child process. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { URL, fileURLToPath } from 'node:url';

const SAMPLES = fileURLToPath(new URL('.', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const COMMAND = ['caption', SAMPLES, '--exclude', 'screenshots', '--languages', 'ca,es', '--json'];

/**
 * Runs `salamandra caption samples --json`. Resolves with the lines that it printed.
 *
 * @param options `killAfterLines`: sends SIGKILL then. Without it, the job is deleted afterwards, so that the next
 *   demonstration starts anew.
 */
export async function runJob({ killAfterLines }) {
  const lines = [];
  const code = await runCli(COMMAND, (line, child) => {
    lines.push(JSON.parse(line));
    if (lines.length === killAfterLines) child.kill('SIGKILL');
  });
  if (killAfterLines === undefined) {
    // 3: without ffmpeg, the clips fail.
    if (code !== 0 && code !== 3) throw new Error(`The job ended with exit code ${code}.`);
    await runCli(['jobs', 'delete', 'last'], () => undefined);
  }
  return lines;
}

/** Calls `onLine` with each line of standard output. Resolves with the exit code. */
function runCli(args, onLine) {
  // The expected texts are those of the bundled model.
  const env = { ...process.env, SALAMANDRA_MODEL: 'demo' };
  const child = spawn(process.execPath, [CLI, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line, child));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}
