import type { Command } from 'commander';

import { parseInteger } from '../config/configuration.js';
import { BUNDLED_MODEL } from '../models/install/install-model.js';
import {
  type CommandContext,
  configurationFor,
  createModelOption,
  exampleHelp,
} from './command-context.js';
import { DEMO_NOTE } from './with-engine.js';

interface ServeOptions {
  readonly port?: string;
  readonly host?: string;
  readonly model?: string;
}

/**
 * Adds `serve`.
 *
 * @param onServing called before the server installs its own signal handlers.
 */
export function addServeCommand(
  program: Command,
  { terminal, workers }: CommandContext,
  onServing: () => void,
): void {
  program
    .command('serve')
    .description('start the HTTP service with the web page and the API')
    .option('--port <port>', 'port; 0 for any free port (default: PORT, or 3000)')
    .option('--host <host>', 'address to listen on (default: HOST, or 127.0.0.1)')
    .addOption(createModelOption())
    .addHelpText('after', exampleHelp('serve --port 8080 --model 7b-vision'))
    .action(async ({ port, host, model }: ServeOptions) => {
      const configuration = configurationFor({ model });
      const overrides = {
        ...(host !== undefined && { host }),
        ...(port !== undefined && { port: parseInteger('--port', port, 0, 65_535) }),
      };
      if (configuration.model === BUNDLED_MODEL) terminal.note(DEMO_NOTE);
      // Imported here: the HTTP framework takes longer to load than all the other commands together.
      const { startServer } = await import('../api/server.js');
      onServing();
      await startServer({ ...configuration, ...overrides }, workers.inference);
    });
}
