import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Service, startService } from '../e2e/service.js';
import { count, formatCounts, formatMs, quantile, type Report } from './report.js';
import { type Answer, form, send, unseen } from './send.js';
import { countDescriptors, residentMegabytes } from './watch-process.js';

const CLIENTS = 64;
/** Enough to fill the batch of the model. */
const LONE_CLIENTS = 8;
/** Seconds. */
const MAX_RETRY_AFTER = 300;

/** 64 equal clients, each with an address of its own, that send as fast as they are answered. */
export async function runOverload(report: Report, isShort: boolean): Promise<void> {
  const seconds = isShort ? 5 : 600;
  const service = await startService();
  try {
    await service.waitUntilReady();
    await drive(service, LONE_CLIENTS, 2);
    const lone = await drive(service, LONE_CLIENTS, isShort ? 4 : 60);
    const before = usage(service);
    const crowd = await drive(service, CLIENTS, seconds);
    await sleep(1_000);
    const after = usage(service);

    const goodput = sum(crowd.served) / crowd.seconds / (sum(lone.served) / lone.seconds);
    report.figure('goodput of 64 clients', `${(goodput * 100).toFixed(0)} % of 8 clients`, '90 %');
    report.figure("Jain's index of 64 equal clients", jain(crowd.served).toFixed(3), '0.95');
    const others = [...crowd.statuses.keys()].filter((name) => name !== '200' && name !== '503');
    report.check(
      'answers',
      '200, or 503 with a time to wait',
      formatCounts(crowd.statuses),
      others.length === 0 && sum(crowd.served) > 0,
    );
    const waits = crowd.refusals.map(({ headers }) => Number(headers['retry-after']));
    const isTold = waits.every((wait) => wait >= 1 && wait <= MAX_RETRY_AFTER);
    report.check(
      'Retry-After of refusals',
      'always',
      waits.length === 0 ? 'no refusals' : `${Math.min(...waits)} to ${Math.max(...waits)} s`,
      isTold,
    );
    const refusalMs = crowd.refusals.map(({ ms }) => ms);
    if (refusalMs.length > 0) {
      report.figure(
        'latency of refusals',
        `p50 ${formatMs(quantile(refusalMs, 0.5))}, p99 ${formatMs(quantile(refusalMs, 0.99))}`,
        '50 ms',
      );
    }
    report.figure(
      'memory of the HTTP server, before and after',
      `${before.megabytes.toFixed(0)} and ${after.megabytes.toFixed(0)} MB`,
      'flat',
    );
    report.check(
      'descriptors of the HTTP server, before and after',
      'at most 10 more',
      `${before.descriptors} and ${after.descriptors}`,
      !(after.descriptors > before.descriptors + 10),
    );
  } finally {
    service.process.kill('SIGKILL');
  }
}

function usage({ process: { pid = 0 } }: Service) {
  return { megabytes: residentMegabytes(pid), descriptors: countDescriptors(pid) };
}

async function drive({ url }: Service, clients: number, seconds: number) {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const served = Array.from({ length: clients }, () => 0);
  const statuses = new Map<string, number>();
  const refusals: Answer[] = [];
  const street = readFileSync('samples/street.png');
  const loop = async (_: unknown, index: number) => {
    while (performance.now() < endMs) {
      const answer = await send(url, {
        ...{ path: '/v1/captions', from: `127.0.1.${index + 1}` },
        ...form(unseen(street), { languages: 'en', max_tokens: '16' }),
      });
      count(statuses, String(answer.status));
      if (answer.status === 200) served[index]! += 1;
      else {
        refusals.push(answer);
        // Half of what the service says, so that the load stays above its capacity.
        const waitMs = Number(answer.headers['retry-after'] ?? 1) * 500;
        await sleep(Math.min(waitMs, Math.max(endMs - performance.now(), 0)));
      }
    }
  };
  await Promise.all(served.map(loop));
  return { served, statuses, refusals, seconds: (performance.now() - startMs) / 1_000 };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** 1 for equal shares, 1/n if one client has all (Jain, Chiu and Hawe, 1984). */
function jain(shares: readonly number[]): number {
  const squares = sum(shares.map((share) => share ** 2));
  return squares === 0 ? 0 : sum(shares) ** 2 / (shares.length * squares);
}
