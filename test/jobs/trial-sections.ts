import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findPostgres, startCluster } from './postgres-cluster.js';
import { runFaults } from './trial-faults.js';
import { runKills } from './trial-kills.js';
import { runMachinery } from './trial-machinery.js';
import { createReport, type Trial } from './trial-report.js';
import { runScale } from './trial-scale.js';
import { runServiceKills } from './trial-service.js';
import { runSimulation } from './trial-simulate.js';
import { runWorkers } from './trial-workers.js';

/** In the order in which they run. */
export const SECTIONS = {
  kills: runKills,
  service: runServiceKills,
  workers: runWorkers,
  faults: runFaults,
  scale: runScale,
  machinery: runMachinery,
  simulate: runSimulation,
} satisfies Record<string, (trial: Trial) => Promise<void>>;

export type SectionName = keyof typeof SECTIONS;

export interface TrialOptions extends Pick<Trial, 'isShort' | 'seed' | 'folder'> {
  /** None: all but `simulate`, and in the short form `service`, which test/e2e covers. */
  readonly sections: readonly SectionName[];
  /** Of PostgreSQL, on loopback. */
  readonly port: number;
  readonly print: (line: string) => void;
}

/** @returns the requirements that do not hold. */
export async function runTrial({
  sections,
  port,
  print,
  ...options
}: TrialOptions): Promise<readonly string[]> {
  const report = createReport(print);
  const cluster = findPostgres() === undefined ? undefined : await startCluster(port);
  if (!cluster) report.note('PostgreSQL is not installed: only SQLite is tried');
  try {
    const isIncluded = (name: SectionName) =>
      name !== 'simulate' && !(name === 'service' && options.isShort);
    const all = (Object.keys(SECTIONS) as SectionName[]).filter(isIncluded);
    const names = sections.length > 0 ? sections : all;
    for (const name of names) {
      const folder = join(options.folder, name);
      await mkdir(folder);
      await SECTIONS[name]({ ...options, folder, report, cluster });
    }
  } finally {
    await cluster?.close();
  }
  return report.failures;
}
