import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Service, startService } from '../e2e/service.js';
import { count, formatCounts, formatMs, quantile, type Report } from './report.js';
import { form, send, unseen } from './send.js';
import { residentMegabytes, watchLargest } from './watch-process.js';

const NAMES = ['drips', 'sockets', 'bombs', 'texts', 'loops'] as const;

const ATTACKER = '127.0.0.2';
const CALM = '127.0.0.3';
const MAX_RESIDENT_MEGABYTES = 400;

/** One client of the service, alone and beside greedy, slow and expensive ones of another address. */
export async function runAttacks(report: Report, isShort: boolean): Promise<void> {
  const seconds = isShort ? 3 : 30;
  const service = await startService();
  try {
    await service.waitUntilReady();
    await observe(service, 2);
    const alone = await observe(service, seconds);
    report.figure(
      'a calm client alone',
      `median ${formatMs(quantile(alone.ms, 0.5))}, p95 ${formatMs(quantile(alone.ms, 0.95))}, health p99 ${formatMs(quantile(alone.healthMs, 0.99))}`,
    );
    const attacks = isShort ? [NAMES] : [...NAMES.map((name) => [name]), NAMES];
    for (const attack of attacks) {
      const children = await Promise.all(attack.map((name) => startAttack(service, name)));
      await sleep(1_000);
      const memory = watchLargest(() => residentMegabytes(service.process.pid ?? 0));
      const calm = await observe(service, seconds);
      const megabytes = memory.stop();
      for (const child of children) child.kill('SIGKILL');
      await sleep(500);
      const what = attack.length === 1 ? attack.join() : 'all attacks at once';
      const failed = [...calm.statuses].filter(([status]) => status !== '200');
      report.check(
        `${what}: requests of the other client`,
        'all 200',
        formatCounts(calm.statuses),
        failed.length === 0 && calm.ms.length > 0,
      );
      const ratio = quantile(calm.ms, 0.5) / quantile(alone.ms, 0.5);
      report.figure(
        `${what}: latency of the other client`,
        `median ${formatMs(quantile(calm.ms, 0.5))} (${ratio.toFixed(1)} times), p95 ${formatMs(quantile(calm.ms, 0.95))}`,
        '3 times',
      );
      const health = calm.healthMs;
      report.check(
        `${what}: health`,
        'all 200',
        `${health.length - calm.healthFailures} of ${health.length}`,
        calm.healthFailures === 0,
      );
      report.figure(
        `${what}: health latency`,
        `p50 ${formatMs(quantile(health, 0.5))}, p99 ${formatMs(quantile(health, 0.99))}`,
        'p99 50 ms',
      );
      report.check(
        `${what}: memory of the HTTP server`,
        `${MAX_RESIDENT_MEGABYTES} MB`,
        `${megabytes.toFixed(0)} MB`,
        !(megabytes > MAX_RESIDENT_MEGABYTES),
      );
    }
  } finally {
    service.process.kill('SIGKILL');
  }
}

async function startAttack({ url }: Service, name: string): Promise<ChildProcess> {
  const child = fork(`${import.meta.dirname}/attack.ts`, [url, name, ATTACKER], {
    execArgv: ['--import', 'tsx'],
  });
  await once(child, 'message');
  return child;
}

/** Requests of a client one after another, and of a health check every 50 ms. */
async function observe({ url }: Service, seconds: number) {
  const endMs = performance.now() + seconds * 1_000;
  const statuses = new Map<string, number>();
  const [ms, healthMs]: number[][] = [[], []];
  let healthFailures = 0;
  const fox = readFileSync('samples/fox.png');
  const calm = async () => {
    while (performance.now() < endMs) {
      const image = form(unseen(fox), { languages: 'en' });
      const answer = await send(url, { path: '/v1/captions', from: CALM, ...image });
      count(statuses, String(answer.status));
      ms?.push(answer.ms);
    }
  };
  const checkHealth = async () => {
    while (performance.now() < endMs) {
      const answer = await send(url, { path: '/health/live', from: '127.0.0.4' });
      healthMs?.push(answer.ms);
      if (answer.status !== 200) healthFailures += 1;
      await sleep(50);
    }
  };
  await Promise.all([calm(), checkHealth()]);
  return { statuses, ms: ms ?? [], healthMs: healthMs ?? [], healthFailures };
}
