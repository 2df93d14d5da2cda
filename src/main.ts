import { startServer } from './api/server.js';
import { loadConfiguration } from './config/configuration.js';
import { SalamandraError } from './errors/salamandra-error.js';

/** HTTP server entry: everything it needs to know is in the environment. */
try {
  await startServer(
    loadConfiguration(process.env),
    new URL('./workers/inference.worker.js', import.meta.url),
  );
} catch (error) {
  // A wrong setting or a port in use: no stack needed.
  console.error(error instanceof SalamandraError ? error.publicMessage : error);
  process.exit(error instanceof SalamandraError ? 2 : 1);
}
