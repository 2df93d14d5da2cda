import { createColumnNamer } from '../column-names.js';
import {
  idOf,
  type LanguageMap,
  parseLanguageMap,
  type Resource,
  resourcesOf,
} from './resource.js';

/**
 * What a manifest and a canvas say about themselves, as a record: labels, summary, metadata, rights, attribution, and
 * the URI of the manifest. A text in several languages has a column for each: `Title@ca`.
 */
export function toRecord(manifest: Resource, canvas: Resource): Record<string, string> {
  const record: [string, string][] = [];
  const nameColumn = createColumnNamer();
  const add = (name: string, value: unknown) => {
    for (const [column, text] of columnsOf(name, parseLanguageMap(value))) {
      record.push([nameColumn(column), text]);
    }
  };
  add('label', manifest['label']);
  add('canvas label', canvas['label']);
  for (const resource of [manifest, canvas]) {
    add('summary', resource['summary'] ?? resource['description']);
    for (const pair of resourcesOf(resource['metadata'])) {
      add(firstText(parseLanguageMap(pair['label'])) ?? 'metadata', pair['value']);
    }
    add('rights', resource['rights'] ?? resource['license']);
    const [statement] = resourcesOf(resource['requiredStatement']);
    add('attribution', statement?.['value'] ?? resource['attribution']);
  }
  add('manifest', idOf(manifest));
  add('duration', canvas['duration']);
  // Object.fromEntries also defines `__proto__` as a property.
  return Object.fromEntries(record);
}

function columnsOf(name: string, map: LanguageMap): [string, string][] {
  return Array.from(map, ([language, texts]) => [
    map.size === 1 || language === 'none' ? name : `${name}@${language}`,
    texts.join('; '),
  ]);
}

/** The text without a language, else the first one. */
function firstText(map: LanguageMap): string | undefined {
  return (map.get('none') ?? [...map.values()][0])?.[0];
}
