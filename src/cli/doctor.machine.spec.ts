import type { Machine } from '../measure/doctor/machine.js';
import { printMachine } from './doctor.js';
import { createTerminal } from './terminal.js';

const MACHINE: Machine = {
  ...{ processor: 'test', load: 0, logicalCores: 8, coreLimit: null, facts: null },
  memory: { total: 16e9, limit: null, available: 8e9 },
  ...{ diskFree: 1e9, ffmpeg: null },
};

function print(machine: Machine): string[] {
  let text = '';
  const stdout = { write: (piece: string) => (text += piece) !== '' };
  type Output = Parameters<typeof createTerminal>[0];
  const output = stdout as unknown as Output;
  printMachine(machine, createTerminal(output, output));
  return text.split('\n');
}

describe('the cores of a machine', () => {
  it.each([
    ['8', { facts: null }],
    ['8', { facts: { instructionSets: [], physicalCores: null } }],
    ['8', { facts: { instructionSets: [], physicalCores: 8 } }],
    ['4 (8 hyper-threads)', { facts: { instructionSets: [], physicalCores: 4 } }],
    ['8, container limit 1.5', { coreLimit: 1.5 }],
  ])('are printed as %s', (cores, known) => {
    expect(print({ ...MACHINE, ...known })).toContain(`  Cores             ${cores}`);
  });
});
