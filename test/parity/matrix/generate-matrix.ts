import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'generate.py');

/** Computes the references of the matrix anew, by transformers. `PYTHON` names an interpreter that has it. */
export function generateMatrix(): void {
  const python = process.env['PYTHON'] ?? 'python3';
  const { status, error } = spawnSync(python, [SCRIPT], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) {
    throw new Error(
      `${python} ${SCRIPT} ended with status ${status}. It needs the packages of test/golden/requirements.txt; set PYTHON to an interpreter that has them.`,
    );
  }
}
