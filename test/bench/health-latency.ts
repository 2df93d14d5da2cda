import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Precision } from '../../src/models/package/manifest.js';
import { elapsedMs, quantile } from './measure/timing.js';

const ROOT = join(import.meta.dirname, '../..');
const PICTURE = join(ROOT, 'test/golden/parity/pictures/photo-640x480.png');
const POLL_INTERVAL_MS = 5;
const READY_TIMEOUT_MS = 60_000;
/** The maximum latency of a health check while the model is busy. */
export const MAX_P99_MS = 50;

export interface HealthLatency {
  readonly polls: number;
  /** Polls with a status other than 200. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Captions that the service completed meanwhile. */
  readonly captions: number;
}

/** Starts the built service, sends caption requests one after another, and polls `/health/live` meanwhile. */
export async function measureHealthLatency(
  directory: string,
  precision: Precision,
  polls: number,
): Promise<HealthLatency> {
  const service = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      SALAMANDRA_HOME: directory,
      SALAMANDRA_MODEL: directory,
      SALAMANDRA_PRECISION: precision,
      // Without a cache, the same image is computed each time.
      SALAMANDRA_CACHE_MB: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => service.once('exit', resolve));
  const agent = new Agent({ keepAlive: true });
  try {
    const address = await readAddress(service);
    await awaitReady(address, agent);
    const load = keepCaptioning(address);
    const latencies: number[] = [];
    let failed = 0;
    for (let poll = 0; poll < polls; poll++) {
      latencies.push(
        await elapsedMs(async () => {
          if ((await requestStatus(`${address}/health/live`, agent)) !== 200) failed += 1;
        }),
      );
      await sleep(POLL_INTERVAL_MS);
    }
    const captions = await load.stop();
    return {
      polls,
      failed,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      maxMs: quantile(latencies, 1),
      captions,
    };
  } finally {
    agent.destroy();
    service.kill();
    await exited;
  }
}

/** The address that the service prints once it listens. */
async function readAddress(service: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  for await (const line of createInterface({ input: service.stdout })) {
    const address = /^listening on (http:\S+)$/.exec(line)?.[1];
    if (address === undefined) continue;
    // Keeps reading, since a full pipe would block the service.
    service.stdout.resume();
    return address;
  }
  throw new Error('The service exited before it listened.');
}

async function awaitReady(address: string, agent: Agent): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while ((await requestStatus(`${address}/health/ready`, agent)) !== 200) {
    if (performance.now() > deadlineMs) throw new Error('The service did not become ready.');
    await sleep(100);
  }
}

/** Sends caption requests one after another until `stop`, which returns the number of successful ones. */
function keepCaptioning(address: string): { stop(): Promise<number> } {
  let isStopping = false;
  const run = async (): Promise<number> => {
    const media = { base64: (await readFile(PICTURE)).toString('base64') };
    const body = JSON.stringify({ media, detail: 'high', languages: ['en', 'ca'] });
    const headers = { 'content-type': 'application/json' };
    let captions = 0;
    while (!isStopping) {
      const reply = await fetch(`${address}/v1/captions`, { method: 'POST', headers, body });
      await reply.arrayBuffer();
      if (!reply.ok) throw new Error(`A caption request was answered with ${reply.status}.`);
      captions += 1;
    }
    return captions;
  };
  const running = run();
  // The caller of `stop` gets the error.
  running.catch(() => undefined);
  return {
    stop() {
      isStopping = true;
      return running;
    },
  };
}

/** The status of a GET request, or 0 if it failed. */
function requestStatus(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    get(url, { agent, timeout: READY_TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', () => resolve(0));
  });
}
