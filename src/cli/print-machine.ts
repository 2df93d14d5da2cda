import type { Machine } from '../measure/doctor/machine.js';
import type { InstalledModel } from '../models/install/installed-models.js';
import { formatBytes } from './format-bytes.js';
import { formatTable } from './format-table.js';
import type { Terminal } from './terminal.js';

export interface CheckedPackage extends InstalledModel {
  /** `sound`, or what is wrong. */
  readonly condition: string;
}

/** Half a core's worth of other work. */
const BUSY_LOAD = 0.5;

export function printMachine(machine: Machine, terminal: Terminal): void {
  const { memory, diskFree, ffmpeg, facts } = machine;
  const sets = facts?.instructionSets.join(', ');
  const limit =
    memory.limit === null ? '' : `, ${formatBytes(memory.limit)} of them for this container`;
  const rows = [
    ['Processor', machine.processor],
    ['Cores', describeCores(machine)],
    ['Instructions', facts === null ? 'not known on this system' : sets || 'none that matter'],
    ['Memory', `${formatBytes(memory.total)}${limit}; ${formatBytes(memory.available)} free`],
    ['Disk', `${formatBytes(diskFree)} free for models`],
    ['ffmpeg', ffmpeg ?? 'none of version 4.3 or newer; pictures work, clips do not'],
    ['Node', process.version],
  ];
  terminal.result('Machine');
  printIndented(rows, [], terminal);
  if (machine.load < BUSY_LOAD) return;
  const load = machine.load.toFixed(1);
  terminal.result(
    `  It is busy with other work (load ${load}): what is measured now is slower than it could be.`,
  );
}

export function printPackages(packages: readonly CheckedPackage[], terminal: Terminal): void {
  terminal.result('');
  terminal.result('Models');
  if (packages.length === 0) terminal.result('  none in the home folder');
  const rows = packages.map(({ id, part, bytes, condition }) => [
    ...[id, part, formatBytes(bytes)],
    condition,
  ]);
  printIndented(rows, [2], terminal);
}

export function printIndented(
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[],
  terminal: Terminal,
): void {
  for (const line of formatTable(rows, { rightAligned })) terminal.result(`  ${line}`);
}

function describeCores({ facts, logicalCores, coreLimit }: Machine): string {
  const cores = facts?.physicalCores ?? null;
  // Where the system does not tell cores from hyper-threads, neither is claimed.
  const known =
    cores === null || cores === logicalCores
      ? `${logicalCores}`
      : `${cores}, ${logicalCores} hyper-threads`;
  return coreLimit === null ? known : `${known}; the container leaves the time of ${coreLimit}`;
}
