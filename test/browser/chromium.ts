import { type Browser, chromium } from 'playwright-core';

import { findChromium } from '../setup/find-chromium.mjs';

/** A name that stands for another machine of the network: unlike 127.0.0.1 it gives a page no secure context. */
export const LAN_NAME = 'salamandra.test';

/** Nothing but the page makes requests, no name of the real network is known, and the sandbox cannot start as root. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=MAP ${LAN_NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

/** undefined on a machine without Chromium. */
export const chromiumPath = findChromium();

/** Starts Chromium. @throws where there is none. */
export async function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error('Chromium is missing; set SALAMANDRA_CHROMIUM to its path.');
  return await chromium.launch({ executablePath: chromiumPath, args: FLAGS });
}
