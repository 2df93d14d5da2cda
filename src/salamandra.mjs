#!/usr/bin/env node
/**
 * The command `salamandra` of a checkout: `npx salamandra caption my.jpg`. Installs the dependencies and builds where
 * that is missing or stale, then runs dist/cli.js in this process, so that arguments, streams, signals and the exit
 * code are the command's own. Bundles (`salamandra models bundle`) start dist/cli.js directly.
 */
import { setUp } from '../test/setup/setup.mjs';

setUp({ ffmpeg: 'first-time' });
await import('../dist/cli.js');
