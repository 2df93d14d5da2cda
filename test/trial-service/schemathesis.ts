import { spawnSync } from 'node:child_process';

import { startService } from '../e2e/service.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import type { Report } from './report.js';

/** Schemathesis in a virtual environment of its own: only by name, since it needs Python and a package registry. */
export async function runSchemathesis(report: Report, isShort: boolean): Promise<void> {
  const folder = createTemporaryFolder();
  const service = await startService();
  try {
    const environment = folder.path('venv');
    const pip = [`${environment}/bin/pip`, ['install', '--quiet', 'schemathesis>=4,<5']] as const;
    const isInstalled =
      spawnSync('python3', ['-m', 'venv', environment]).status === 0 &&
      spawnSync(...pip).status === 0;
    if (!isInstalled) {
      report.skip('Schemathesis', 'it cannot be installed');
      return;
    }
    await service.waitUntilReady();
    const examples = isShort ? '10' : '300';
    const { status, stdout } = spawnSync(
      `${environment}/bin/schemathesis`,
      [
        ...['run', `${service.url}/openapi.json`, '--url', service.url],
        ...['--checks', 'not_a_server_error,status_code_conformance'],
        ...['--max-examples', examples, '--seed', '18', '--no-color'],
      ],
      { encoding: 'utf8', maxBuffer: 100_000_000 },
    );
    if (status !== 0) console.error(stdout.slice(-6_000));
    report.check(
      'Schemathesis',
      'no undocumented status, 0 x 5xx',
      `exit code ${status}`,
      status === 0,
    );
  } finally {
    service.process.kill('SIGKILL');
    folder.remove();
  }
}
