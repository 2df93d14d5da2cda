import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A sample file as listed in /samples/index.json. */
export interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  /** Path on this service. */
  readonly url: string;
}

/** The list files of the samples folder, and the kind of their entries. */
const LISTS = [
  ['samples.json', 'image'],
  ['clips.json', 'video'],
] as const;

/** The images and videos listed in a folder. Empty if the folder has no list. */
export function listSamples(folder: string): Sample[] {
  return LISTS.flatMap(([list, kind]) => {
    const path = join(folder, list);
    // Samples are optional.
    if (!existsSync(path)) return [];
    const entries = JSON.parse(readFileSync(path, 'utf8')) as Pick<Sample, 'file'>[];
    return entries.map(({ file }) => ({ file, kind, url: `/samples/${file}` }));
  });
}
