import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Deletes what a kill at the very end of an installation left beside an installed package: the folder that it was made
 * in, and the package that it took the place of.
 *
 * @param source the folder of the checkpoint, which goes too unless another precision is still made of it; null keeps it.
 */
export async function removeLeftovers(directory: string, source: string | null): Promise<void> {
  const parent = dirname(directory);
  const [own, unfinished] = [`.${basename(directory)}.`, /^\..*\.partial$/];
  let others = 0;
  for (const name of await readdir(parent)) {
    if (name.startsWith(own)) await rm(join(parent, name), { recursive: true, force: true });
    else if (unfinished.test(name)) others += 1;
  }
  if (source !== null && others === 0) await rm(source, { recursive: true, force: true });
}
