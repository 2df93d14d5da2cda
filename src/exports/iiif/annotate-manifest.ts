import type { MediaLocation } from '../../jobs/sources/source.js';
import {
  asArray,
  idOf,
  isResource,
  type Resource,
  resourcesOf,
} from '../../jobs/sources/iiif/resource.js';

/**
 * A copy of a manifest of version 3 in which canvases refer to annotation pages. Everything else is as it was, also the
 * order of the properties.
 *
 * @param pages URLs of annotation pages by the id of the canvas.
 */
export function annotateManifest(manifest: Resource, pages: ReadonlyMap<string, string>): Resource {
  const items = asArray(manifest['items']).map((canvas) => {
    const page = pages.get(idOf(canvas) ?? '');
    return isResource(canvas) && page !== undefined ? addPage(canvas, page) : canvas;
  });
  return { ...manifest, items };
}

function addPage(canvas: Resource, id: string): Resource {
  const annotations = asArray(canvas['annotations']);
  // The manifest may be the copy of an earlier export.
  if (annotations.some((page) => idOf(page) === id)) return canvas;
  return { ...canvas, annotations: [...annotations, { id, type: 'AnnotationPage' }] };
}

/** Whether a manifest is of version 3, whose canvases are its items. */
export function isVersion3(manifest: Resource): boolean {
  return Array.isArray(manifest['items']);
}

/**
 * The part of a canvas on which an image or video is painted, as a media fragment.
 *
 * @returns undefined if it fills the canvas, or is not found.
 */
export function paintedRegion(canvas: Resource, location: MediaLocation): string | undefined {
  const annotations = resourcesOf(canvas['items']).flatMap((page) => resourcesOf(page['items']));
  const painting = annotations.find((annotation) => paints(annotation, location));
  return painting && regionOf(painting['target']);
}

function paints(annotation: Resource, location: MediaLocation): boolean {
  const ids = idsIn(annotation['body']);
  switch (location.kind) {
    case 'iiif-image':
      return ids.some((id) => id.replace(/\/+$/, '') === location.service);
    case 'url':
      return ids.includes(location.url);
    case 'file':
    case 'upload':
    case 'zip-entry':
      return false;
  }
}

/** The ids of a body, of what it contains, and of its services. */
function idsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(idsIn);
  if (!isResource(value)) return [];
  const id = idOf(value);
  return [...(id === null ? [] : [id]), ...Object.values(value).flatMap(idsIn)];
}

function regionOf(target: unknown): string | undefined {
  const [first] = asArray(target);
  const selectors = isResource(first) ? resourcesOf(first['selector']) : [];
  const texts = [first, idOf(first), ...selectors.map((selector) => selector['value'])];
  for (const text of texts) {
    const fragment = typeof text === 'string' ? /xywh=\d+(?:,\d+){3}/.exec(text)?.[0] : undefined;
    if (fragment !== undefined) return fragment;
  }
  return undefined;
}
