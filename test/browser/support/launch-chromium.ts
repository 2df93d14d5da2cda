import { type Browser, chromium } from 'playwright-core';

import { findChromium } from '../../setup/find-chromium.mjs';

/** Resolves to 127.0.0.1. Unlike that address, a page of this host has no secure context. */
export const LAN_NAME = 'salamandra.test';

/** No background requests, no resolution of real host names, and no sandbox, which cannot start as root. */
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

/** Names the remedy. */
export const CHROMIUM_MISSING =
  'Chromium was not found. Install it or set SALAMANDRA_CHROMIUM to its path.';

/** Path of Chromium. Undefined if it is not installed. */
export const chromiumPath = findChromium();

/** Starts Chromium. @throws Error if it is not installed */
export async function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error(CHROMIUM_MISSING);
  return await chromium.launch({ executablePath: chromiumPath, args: FLAGS });
}
