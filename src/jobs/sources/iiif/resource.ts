/**
 * Access to the JSON of the IIIF Presentation API, versions 2 and 3. Documents are read as they are: libraries deviate
 * from the specification in many ways, and one wrong field must not cost a whole manifest.
 */
export type Resource = Readonly<Record<string, unknown>>;

export function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a property that holds one or several. */
export function resourcesOf(value: unknown): Resource[] {
  return asArray(value).filter(isResource);
}

export function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The URI of a resource, or of a reference that is only the URI. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null;
  if (!isResource(value)) return null;
  const id = value['id'] ?? value['@id'];
  return typeof id === 'string' ? id.trim() || null : null;
}

/** The type without its prefix: `Manifest` for `sc:Manifest`. */
export function typeOf(resource: Resource): string {
  const [type] = asArray(resource['type'] ?? resource['@type']);
  return typeof type === 'string' ? type.replace(/^\w+:/, '') : '';
}

/** Texts by language; those without a language are under `none`. */
export type LanguageMap = ReadonlyMap<string, readonly string[]>;

/**
 * A value of the version 3, `{"ca": ["…"]}`, or of version 2: a string, `{"@value": "…", "@language": "ca"}`, or
 * several of both.
 */
export function parseLanguageMap(value: unknown): LanguageMap {
  const map = new Map<string, string[]>();
  const add = (language: string, text: unknown) => {
    if (typeof text !== 'string' && typeof text !== 'number') return;
    const plain = toPlainText(String(text));
    if (plain !== '') map.set(language, [...(map.get(language) ?? []), plain]);
  };
  for (const each of asArray(value)) {
    if (!isResource(each)) add('none', each);
    else if ('@value' in each) {
      const language = each['@language'];
      for (const text of asArray(each['@value'])) {
        add(typeof language === 'string' ? language : 'none', text);
      }
    } else {
      for (const [language, texts] of Object.entries(each)) {
        for (const text of asArray(texts)) add(language === '@none' ? 'none' : language, text);
      }
    }
  }
  return map;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
};

/** Values that begin with `<` and end with `>` are HTML (Presentation API 3.0, section 4.5). */
function toPlainText(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('<') || !trimmed.endsWith('>')) return trimmed;
  return trimmed
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:lt|gt|quot|#39|nbsp|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .trim();
}
