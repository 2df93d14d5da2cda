#!/usr/bin/env node
/**
 * The command `salamandra`, also named `visual-salamandra`: `npx salamandra caption my.jpg`. In a checkout it installs
 * the dependencies and builds where that is missing or stale; an installed package has both and lacks the set-up. It
 * runs dist/cli.js in this process, so that arguments, streams, signals and the exit code are the command's own.
 * Bundles (`salamandra models bundle`) start dist/cli.js directly.
 */
import { existsSync } from 'node:fs';
import { URL } from 'node:url';

const SET_UP = new URL('../test/setup/setup.mjs', import.meta.url);

if (existsSync(SET_UP)) {
  const { setUp } = await import(SET_UP.href);
  setUp({ ffmpeg: 'first-time' });
}
await import('../dist/cli.js');
