import type { MediaLocation, SourceEntry } from '../source.js';
import { toRecord } from './record.js';
import { asArray, idOf, isResource, type Resource, resourcesOf, typeOf } from './resource.js';

/** What is painted on a canvas, and the region of it that is shown. */
interface Painting {
  readonly resource: Resource;
  readonly region: string;
}

/** The item of a canvas: the first image or video that is painted on it. */
export function toSourceEntry(manifest: Resource, canvas: Resource, position: number): SourceEntry {
  const identifier = idOf(canvas);
  const entry = identifier ?? `${idOf(manifest) ?? 'manifest'}, canvas ${position}`;
  if (identifier === null)
    return skip(entry, 'The canvas has no id, so no result can refer to it.');
  for (const painting of paintingsOf(canvas)) {
    const location = locate(painting);
    if (location !== null) {
      return { item: { identifier, location, record: toRecord(manifest, canvas) } };
    }
  }
  return skip(
    entry,
    'The canvas shows no image or video file that can be fetched by http or https.',
  );
}

function skip(entry: string, reason: string): SourceEntry {
  return { skipped: { entry, code: 'INVALID_RECORD', reason, count: 1 } };
}

/** Version 3: annotation pages with annotations. Version 2: annotations. Other motivations than painting are texts. */
function paintingsOf(canvas: Resource): Painting[] {
  const annotations = [
    ...resourcesOf(canvas['items']).flatMap((page) => resourcesOf(page['items'])),
    ...resourcesOf(canvas['images']),
  ];
  return annotations.filter(isPainting).flatMap((annotation) => {
    const bodies = [...asArray(annotation['body']), ...asArray(annotation['resource'])];
    return bodies.flatMap((body) => flatten(body, 'full'));
  });
}

function isPainting(annotation: Resource): boolean {
  const motivations = asArray(annotation['motivation']);
  return (
    motivations.length === 0 || motivations.some((each) => /(^|:)painting$/.test(String(each)))
  );
}

/** The alternatives of a choice, the default first, and the sources of specific resources. */
function flatten(body: unknown, region: string): Painting[] {
  if (!isResource(body)) return [];
  switch (typeOf(body)) {
    case 'Choice':
      return [
        ...asArray(body['default']),
        ...asArray(body['item']),
        ...asArray(body['items']),
      ].flatMap((each) => flatten(each, region));
    case 'SpecificResource': {
      const [source] = [...asArray(body['source']), ...asArray(body['full'])];
      return flatten(source, regionOf(body['selector']) ?? region);
    }
    default:
      return [{ resource: body, region }];
  }
}

/** The region of an ImageApiSelector, if it is in pixels. */
function regionOf(selector: unknown): string | null {
  for (const each of resourcesOf(selector)) {
    const region = each['region'];
    if (typeof region === 'string' && /^\d+,\d+,\d+,\d+$/.test(region)) return region;
  }
  return null;
}

const PLAYLIST = /mpegurl|dash\+xml/i;

function locate({ resource, region }: Painting): MediaLocation | null {
  const url = httpUrl(idOf(resource));
  const format = typeof resource['format'] === 'string' ? resource['format'] : '';
  const type = typeOf(resource);
  if (type === 'Video' || type === 'MovingImage' || format.startsWith('video/')) {
    // Playlists name other files, in formats that are not read.
    return url === null || PLAYLIST.test(format) || /\.(?:m3u8|mpd)$/i.test(url)
      ? null
      : { kind: 'url', url };
  }
  const service = httpUrl(imageServiceOf(resource));
  if (service !== null) return { kind: 'iiif-image', service, region, fallback: url };
  const isImage = type === 'Image' || format.startsWith('image/');
  return isImage && url !== null ? { kind: 'url', url } : null;
}

const IMAGE_SERVICE = /^ImageService[123]$/;
const IMAGE_PROFILE = /iiif\.io\/api\/image\/|iiif\/image-api\/|^level[012]$/;

/** The base URI of the Image API, without `/info.json`. Other services, of authorization for example, are left out. */
function imageServiceOf(resource: Resource): string | null {
  const service = resourcesOf(resource['service']).find(
    (each) =>
      IMAGE_SERVICE.test(typeOf(each)) ||
      [...asArray(each['@context']), ...asArray(each['profile'])].some(
        (text) => typeof text === 'string' && IMAGE_PROFILE.test(text),
      ),
  );
  return idOf(service)?.replace(/(?:\/info\.json)?\/*$/, '') ?? null;
}

function httpUrl(uri: string | null): string | null {
  return uri !== null && /^https?:\/\//i.test(uri) ? uri : null;
}
