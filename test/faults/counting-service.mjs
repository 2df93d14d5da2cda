/** The real service, but for its worker, which counts. */
import { URL } from 'node:url';

import { startServer } from '../../dist/api/server.js';
import { loadConfiguration } from '../../dist/config/configuration.js';

await startServer(
  loadConfiguration(process.env),
  new URL('./counting-worker.mjs', import.meta.url),
);
