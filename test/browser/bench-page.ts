/**
 * `npm run bench:page`: how long the page takes to show something, and what it weighs. Prints medians. Nothing is asserted:
 * times depend on the machine and on what else it does.
 */
import type { Browser } from 'playwright-core';

import { startService } from '../e2e/service.js';
import { median } from '../bench/median.js';
import { launchChromium } from './chromium.js';
import { measurePageWeight } from './page-weight.js';

const RUNS = 15;

interface Times {
  readonly firstPaintMs: number;
  /** Until the page can be used: the service has said that it is ready. */
  readonly readyMs: number;
}

const service = await startService();
await service.waitUntilReady();
const browser = await launchChromium();
try {
  // The first one pays for the browser's own start.
  await visit(browser, service.url);
  const visits: Times[] = [];
  for (let run = 0; run < RUNS; run += 1) visits.push(await visit(browser, service.url));
  print(
    'first contentful paint',
    visits.map(({ firstPaintMs }) => firstPaintMs),
  );
  print(
    'ready to be used',
    visits.map(({ readyMs }) => readyMs),
  );
  console.log(`page, compressed: ${(measurePageWeight() / 1000).toFixed(1)} kB`);
} finally {
  await browser.close();
  await service.stop();
}

/** Opens the page in a profile of its own, without a cache. */
async function visit(opened: Browser, url: string): Promise<Times> {
  const context = await opened.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(url);
    const firstPaintMs = await page.evaluate(readFirstPaint);
    await page.waitForFunction(() => document.querySelector('.header-dot-ready') !== null);
    return { firstPaintMs, readyMs: await page.evaluate(() => performance.now()) };
  } finally {
    await context.close();
  }
}

/** Milliseconds from the start of the navigation. Runs in the page. */
function readFirstPaint(): Promise<number> {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName('first-contentful-paint');
      if (paint) resolve(paint.startTime);
    });
    observer.observe({ type: 'paint', buffered: true });
  });
}

function print(measure: string, timesMs: readonly number[]): void {
  const [least, most] = [Math.min(...timesMs), Math.max(...timesMs)];
  const spread = `${least.toFixed(0)} to ${most.toFixed(0)} ms in ${timesMs.length} runs`;
  console.log(`${measure}: median ${median(timesMs).toFixed(0)} ms (${spread})`);
}
