import { createHash } from 'node:crypto';

import { parseJsonObject } from './json-fields.js';
import { invalidModel } from './invalid-model.js';
import type { ManifestContent, ModelManifest } from './manifest.js';
import { parseManifest } from './parse-manifest.js';

/**
 * Checks a manifest's content and adds its digest: SHA-256 over the JSON of everything else, without spaces,
 * the fields in the order of `ModelManifest`.
 *
 * @throws MODEL_INVALID when a package with this manifest would not load.
 */
export function sealManifest(content: unknown): ModelManifest {
  const manifest = parseManifest(content);
  return { ...manifest, digest: computeDigest(manifest) };
}

/** The text of `manifest.json`: there is one for each manifest. */
export function serializeManifest(manifest: ModelManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Reads the content of `manifest.json`.
 *
 * @throws MODEL_INVALID when a field is wrong, the digest differs, or the bytes are not exactly those of
 *   `serializeManifest`: a byte that changes no field, a space as much as a field nobody reads, is refused too.
 */
export function parseManifestJson(bytes: Uint8Array): ModelManifest {
  const json = parseJsonObject(bytes, 'manifest');
  const manifest = sealManifest(json);
  if (json['digest'] !== manifest.digest) {
    throw invalidModel('its manifest was changed after it was written');
  }
  if (!Buffer.from(serializeManifest(manifest)).equals(bytes)) {
    throw invalidModel('its manifest is not written the way manifests are');
  }
  return manifest;
}

function computeDigest(content: ManifestContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
