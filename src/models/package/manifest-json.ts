import { createHash } from 'node:crypto';

import { parseJsonObject } from './json-fields.js';
import { invalidModel } from './invalid-model.js';
import type { ManifestContent, ModelManifest } from './manifest.js';
import { parseManifest } from './parse-manifest.js';

/**
 * Validates a manifest and adds its digest: SHA-256, in hex, of the compact JSON of all other fields in the order of
 * `ModelManifest`.
 *
 * @throws MODEL_INVALID
 */
export function sealManifest(content: unknown): ModelManifest {
  const manifest = parseManifest(content);
  return { ...manifest, digest: computeDigest(manifest) };
}

/** The one valid text of `manifest.json` for a manifest. */
export function serializeManifest(manifest: ModelManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Parses `manifest.json`.
 *
 * @throws MODEL_INVALID if a field is invalid, the digest differs, or the bytes differ from `serializeManifest`. The
 *   last rule also rejects unknown fields and changed white space.
 */
export function parseManifestJson(bytes: Uint8Array): ModelManifest {
  const json = parseJsonObject(bytes, 'manifest');
  const manifest = sealManifest(json);
  if (json['digest'] !== manifest.digest) {
    throw invalidModel(
      'digest does not match the other fields, so the file was changed after the conversion',
    );
  }
  if (!Buffer.from(serializeManifest(manifest)).equals(bytes)) {
    throw invalidModel('the file has unknown fields or changed white space');
  }
  return manifest;
}

function computeDigest(content: ManifestContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
