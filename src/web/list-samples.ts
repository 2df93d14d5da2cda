import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A sample as the page is told of it. */
export interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  /** Where it is served. */
  readonly url: string;
}

/** The lists in the folder of samples, and what is in each. */
const LISTS = [
  ['samples.json', 'image'],
  ['clips.json', 'video'],
] as const;

/** The pictures and clips that are named in the lists of a folder; none where there is no list. */
export function listSamples(folder: string): Sample[] {
  return LISTS.flatMap(([list, kind]) => {
    const path = join(folder, list);
    // An installation may go without samples.
    if (!existsSync(path)) return [];
    const entries = JSON.parse(readFileSync(path, 'utf8')) as Pick<Sample, 'file'>[];
    return entries.map(({ file }) => ({ file, kind, url: `/samples/${file}` }));
  });
}
