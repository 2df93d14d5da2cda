import { createTemporaryFolder } from '../../setup/temporary-folder.js';
import { compareVariant, problemsOf } from './compare-variant.js';
import { loadMatrix } from './matrix-references.js';
import { formatMatrixHeader, formatMatrixRow } from './matrix-row.js';

/** Converts and compares every checkpoint of the matrix, and prints one table. @returns what is wrong, by row. */
export async function checkMatrix(): Promise<string[]> {
  const references = await loadMatrix();
  const folder = createTemporaryFolder();
  const failures: string[] = [];
  let group = '';
  try {
    console.log(formatMatrixHeader());
    for (const variant of references.variants) {
      if (variant.group !== group) console.log(`\n${variant.group}`);
      group = variant.group;
      const report = await compareVariant(references, variant, folder.path('.'));
      console.log(formatMatrixRow(variant, report));
      failures.push(...problemsOf(variant, report).map((problem) => `${variant.name}: ${problem}`));
    }
  } finally {
    folder.remove();
  }
  return failures;
}
