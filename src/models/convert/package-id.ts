import type { HubSource } from '../package/manifest.js';
import { packageIdOf } from '../package/model-names.js';

const LONGEST_ID = 60;

/** The id of a package: that of the repository it comes from, or the name of the checkpoint's folder as one. */
export function packageId(name: string, hub: HubSource | null): string {
  if (hub) return packageIdOf(hub.repository);
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_ID)
    .replace(/^-+|-+$/g, '');
  return id === '' ? 'model' : id;
}
