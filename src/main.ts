import { startServer } from './api/server.js';
import { unknownVariableWarnings } from './cli/suggestions.js';
import { loadConfiguration } from './config/configuration.js';
import { SalamandraError } from './errors/salamandra-error.js';

const USAGE_ERROR = 2;
const INTERNAL_ERROR = 1;

// Entry of the HTTP service. It is configured by environment variables alone.
const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  console.error(
    `Unknown argument "${argument}": dist/main.js takes none. Use \`npx salamandra serve --port 8080\`, or set PORT, HOST and SALAMANDRA_MODEL.`,
  );
  process.exit(USAGE_ERROR);
}
for (const warning of unknownVariableWarnings(process.env)) console.error(warning);
try {
  await startServer(
    loadConfiguration(process.env),
    new URL('./workers/inference.worker.js', import.meta.url),
  );
} catch (error) {
  // A wrong setting or a port in use needs no stack trace.
  console.error(error instanceof SalamandraError ? error.publicMessage : error);
  process.exit(error instanceof SalamandraError ? USAGE_ERROR : INTERNAL_ERROR);
}
