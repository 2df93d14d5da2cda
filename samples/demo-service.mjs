/** The built service as a child process, and requests to it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL, fileURLToPath } from 'node:url';

const { AbortController, AbortSignal, Blob, FormData, fetch, performance } = globalThis;

const READY_TIMEOUT_MS = 600_000;
const REQUEST_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 40_000;

/** Starts the built service on a free port. Resolves when it listens; the model is still loading then. */
export function startService() {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../dist/main.js', import.meta.url))],
    {
      // The expected texts are those of the bundled model.
      env: { ...process.env, HOST: '127.0.0.1', PORT: '0', SALAMANDRA_MODEL: 'demo' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  process.once('exit', () => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The service ended with code ${code}.`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /^listening on (http:\S+)$/.exec(line)?.[1];
      if (address) resolve({ child, address });
    });
  });
}

/** Waits for /health/ready. `onStep` receives each loading step. */
export async function waitUntilReady({ child, address }, onStep) {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  let shown = '';
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null) throw new Error('The service ended before it was ready.');
    const response = await fetch(`${address}/health/ready`);
    const body = await response.json();
    if (response.ok) return;
    if (body.code !== 'MODEL_NOT_READY') throw new Error(body.detail);
    const step = body.parameters?.step ?? '';
    if (step !== shown) onStep(step);
    shown = step;
    await sleep(100);
  }
  throw new Error('The service was not ready in time.');
}

export async function stopService({ child }) {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const stopped = new AbortController();
  const overdue = sleep(STOP_TIMEOUT_MS, undefined, { signal: stopped.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await exited;
  stopped.abort();
  await overdue;
}

/**
 * Sends files of this folder and fields as a form, and returns the reply, parsed where it is JSON, and how long it
 * took.
 * An error reply throws an error with its `code`.
 */
export async function postForm(address, path, files, fields, accept = 'application/json') {
  const form = new FormData();
  for (const file of files) {
    form.append('file', new Blob([readFileSync(new URL(file, import.meta.url))]), file);
  }
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const startMs = performance.now();
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { accept },
    body: form,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) {
    const { code, detail } = await response.json();
    throw Object.assign(new Error(`${response.status} ${detail}`), { code });
  }
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const reply = isJson ? await response.json() : await response.text();
  return { reply, tookMs: performance.now() - startMs };
}
