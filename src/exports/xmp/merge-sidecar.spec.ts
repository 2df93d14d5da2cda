import { readFileSync } from 'node:fs';

import { type Document, DOMParser, type Element, type Node } from '@xmldom/xmldom';

import { mergeSidecar, type SidecarChange, type SidecarText } from './merge-sidecar.js';
import { NAMESPACES } from './xmp-names.js';

const EVENT = {
  softwareAgent: 'Visual Salamandra 1.2.3',
  parameters: 'job job_1',
  when: '2026-11-30T10:00:00.000Z',
};

function createText(text: string, changes: Partial<SidecarText> = {}): SidecarText {
  return {
    ...{ field: 'dc:description', language: 'ca', text, status: 'machine' },
    ...{ machineGenerated: 'True', model: 'demo', modelRevision: 'a1', precision: 'int8' },
    ...{ reviewedBy: '', reviewedAt: '', revision: '0' },
    ...changes,
  };
}

function change(texts: readonly SidecarText[], more: Partial<SidecarChange> = {}): SidecarChange {
  return { texts, rejected: [], captionWriter: 'demo (AI)', event: EVENT, ...more };
}

/** The sidecar after a change that must change it. */
function write(existing: string | null, ...arguments_: Parameters<typeof change>): string {
  const { xml } = mergeSidecar(existing, change(...arguments_));
  if (xml === null) throw new Error('Nothing changed.');
  return xml;
}

function parseXml(xml: string): Document {
  // XML 1.0, section 2.11. By default the parser also replaces the line breaks of XML 1.1.
  const normalizeLineEndings = (source: string) => source.replace(/\r\n?/g, '\n');
  return new DOMParser({ normalizeLineEndings }).parseFromString(xml, 'text/xml');
}

/** The texts of a field by language. */
function textsOf(xml: string, local = 'description'): Record<string, string> {
  const [property] = Array.from(parseXml(xml).getElementsByTagNameNS('*', local));
  const items = property ? Array.from(property.getElementsByTagNameNS(NAMESPACES.rdf, 'li')) : [];
  return Object.fromEntries(
    items.map((item) => [item.getAttribute('xml:lang') ?? '', item.textContent ?? '']),
  );
}

/** What a person did in another program. */
function edit(xml: string, before: string, after: string): string {
  expect(xml).toContain(before);
  return xml.replaceAll(before, after);
}

describe('a new sidecar', () => {
  const xml = write(null, [
    createText('Un gat.'),
    createText('A cat.', { language: 'en' }),
    createText('Un gat negre.', { field: 'Iptc4xmpCore:AltTextAccessibility', status: 'accepted' }),
  ]);

  it('has all languages, the first as default', () => {
    expect(Object.entries(textsOf(xml))).toEqual([
      ['x-default', 'Un gat.'],
      ['ca', 'Un gat.'],
      ['en', 'A cat.'],
    ]);
    expect(textsOf(xml, 'AltTextAccessibility')).toEqual({
      'x-default': 'Un gat negre.',
      ca: 'Un gat negre.',
    });
  });

  it('names the writer, the event and the model, and not the source of the picture', () => {
    expect(xml).toContain('<photoshop:CaptionWriter>demo (AI)</photoshop:CaptionWriter>');
    expect(xml).toContain('<stEvt:softwareAgent>Visual Salamandra 1.2.3</stEvt:softwareAgent>');
    expect(xml).toContain('<vs:Status>accepted</vs:Status>');
    expect(xml).toContain('<vs:Model>demo</vs:Model>');
    expect(xml).not.toMatch(/DigitalSourceType|trainedAlgorithmicMedia/i);
  });

  it('does not change when the same texts come again', () => {
    const again = [
      createText('Un gat.'),
      createText('A cat.', { language: 'en' }),
      createText('Un gat negre.', {
        field: 'Iptc4xmpCore:AltTextAccessibility',
        status: 'accepted',
      }),
    ];
    expect(mergeSidecar(xml, change(again))).toEqual({ xml: null, kept: [] });
  });
});

describe('texts of a person', () => {
  it('are kept if a person changed what was written, and the default with them', () => {
    const first = write(null, [createText('Un gat.'), createText('A cat.', { language: 'en' })]);
    const edited = edit(first, 'Un gat.', 'La Mixa dorm.');

    const { xml, kept } = mergeSidecar(
      edited,
      change([createText('Un gos.'), createText('A dog.', { language: 'en' })]),
    );

    expect(textsOf(xml!)).toEqual({
      'x-default': 'La Mixa dorm.',
      ca: 'La Mixa dorm.',
      en: 'A dog.',
    });
    expect(kept).toMatchObject([{ field: 'dc:description', language: 'ca' }]);
    // A text that is no longer ours stays a person's, even if it becomes the same again.
    const back = edit(xml!, 'La Mixa dorm.', 'Un gat.');
    expect(mergeSidecar(back, change([createText('Un gos.')])).xml).toBeNull();
  });

  it('keep the default and the writer free of machine texts', () => {
    const person = edit(write(null, [createText('Un gat.')]), 'Un gat.', 'La Mixa.')
      .replace(/<rdf:li xml:lang="x-default">.*?<\/rdf:li>/, '')
      .replace(/<photoshop:CaptionWriter>.*?<\/photoshop:CaptionWriter>/, '');

    const xml = write(person, [createText('A cat.', { language: 'en' })]);

    expect(textsOf(xml)).toEqual({ ca: 'La Mixa.', en: 'A cat.' });
    expect(xml).not.toContain('<photoshop:CaptionWriter>');
  });

  it('are kept in other forms', () => {
    const plain = packet('', '<dc:description>Una nota.</dc:description>');
    const attribute = packet('dc:description="Una nota."', '');
    const empty = packet(
      '',
      '<dc:description><rdf:Alt><rdf:li xml:lang="ca"> </rdf:li></rdf:Alt></dc:description>',
    );

    for (const existing of [plain, attribute]) {
      const { xml, kept } = mergeSidecar(existing, change([createText('Un gat.')]));
      expect(xml).toBeNull();
      expect(kept[0]!.reason).toContain('not a list of languages');
    }
    expect(textsOf(write(empty, [createText('Un gat.')]))).toMatchObject({ ca: 'Un gat.' });
  });

  it('are found in any case of the language', () => {
    const existing = packet(
      '',
      '<dc:description><rdf:Alt><rdf:li xml:lang="CA">La Mixa.</rdf:li></rdf:Alt></dc:description>',
    );

    expect(mergeSidecar(existing, change([createText('Un gat.')]))).toMatchObject({
      xml: null,
      kept: [{ language: 'ca' }],
    });
  });
});

describe('own texts', () => {
  it('are replaced, with their stamps and the writer', () => {
    const first = write(null, [createText('Un gat.')]);

    const xml = write(
      first,
      [createText('Un gos.', { status: 'edited', reviewedBy: 'N. N.', revision: '1' })],
      { captionWriter: 'demo (AI), reviewed by N. N.' },
    );

    expect(textsOf(xml)).toEqual({ 'x-default': 'Un gos.', ca: 'Un gos.' });
    expect(xml).toContain('>demo (AI), reviewed by N. N.</photoshop:CaptionWriter>');
    expect(xml).toContain('<vs:ReviewedBy>N. N.</vs:ReviewedBy>');
    expect(xml).not.toContain('<vs:Status>machine</vs:Status>');
    expect(xml.match(/<stEvt:when>/g)).toHaveLength(2);
  });

  it('are removed when a person rejected them, and only then', () => {
    const first = write(null, [createText('Un gat.'), createText('A cat.', { language: 'en' })]);
    const rejected = [{ field: 'dc:description', language: 'ca' } as const];

    expect(textsOf(write(first, [createText('A cat.', { language: 'en' })], { rejected }))).toEqual(
      {
        'x-default': 'A cat.',
        en: 'A cat.',
      },
    );
    const edited = edit(first, 'Un gat.', 'La Mixa.');
    expect(mergeSidecar(edited, change([], { rejected })).xml).toBeNull();
    const only = write(null, [createText('Un gat.')]);
    expect(write(only, [], { rejected })).not.toContain('dc:description>');
  });
});

it('keeps line breaks, spaces and markup of texts', () => {
  const text = '  <b>&amp;</b>\r\nold\rnew\n\ttab ]]> \u2028 "quoted"  ';

  const xml = write(null, [createText(text)]);

  expect(textsOf(xml)).toEqual({ 'x-default': text, ca: text });
  expect(mergeSidecar(xml, change([createText(text)])).xml).toBeNull();
});

describe('sidecars of other programs', () => {
  const TEXTS = [
    createText('Un gat.'),
    createText('A cat.', { language: 'en' }),
    createText('Un gat negre.', { field: 'Iptc4xmpCore:AltTextAccessibility' }),
  ];

  it.each(['digikam', 'lightroom', 'darktable'])('keep everything of %s', (name) => {
    const before = readFileSync(
      new URL(`../../../test/exports/sidecars/${name}.xmp`, import.meta.url),
      'utf8',
    );

    const first = write(before, TEXTS);
    const second = write(first, [createText('Un gos.'), ...TEXTS.slice(1)]);

    for (const after of [first, second]) {
      const missing = [...factsOf(parseXml(before))].filter(
        (fact) => !factsOf(parseXml(after)).has(fact),
      );
      expect(missing).toEqual([]);
    }
  });

  it('keep the person of digiKam as the default, and the writer of Lightroom', () => {
    const [digikam, lightroom] = ['digikam', 'lightroom'].map((name) =>
      write(
        readFileSync(
          new URL(`../../../test/exports/sidecars/${name}.xmp`, import.meta.url),
          'utf8',
        ),
        TEXTS,
      ),
    );

    expect(textsOf(digikam!)).toEqual({
      'x-default': 'La Núria a la plaça.',
      'ca-ES': 'La Núria a la plaça.',
      ca: 'Un gat.',
      en: 'A cat.',
    });
    expect(digikam).not.toContain('CaptionWriter>');
    expect(lightroom).toContain('photoshop:CaptionWriter="Joan Arxiver"');
    expect(lightroom).toContain('negativeFilm');
  });
});

describe('what is no XMP', () => {
  it.each([
    ['not well-formed', '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'],
    ['not well-formed', 'text'],
    ['no rdf:RDF', '<a/>'],
    ['document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ])('is refused: %s', (reason, existing) => {
    expect(() => mergeSidecar(existing, change([createText('Un gat.')]))).toThrow(reason);
  });
});

function packet(attributes: string, content: string): string {
  const { rdf, dc } = NAMESPACES;
  return `<rdf:RDF xmlns:rdf="${rdf}"><rdf:Description rdf:about="" xmlns:dc="${dc}" ${attributes}>${content}</rdf:Description></rdf:RDF>`;
}

/** Everything a packet says, as paths with values: attributes, texts, comments. */
function factsOf(document: Document): Set<string> {
  const facts = new Set<string>();
  const visit = (node: Node, path: string): void => {
    if (node.nodeType === 1) {
      const element = node as Element;
      const here = `${path}/{${element.namespaceURI ?? ''}}${element.localName ?? ''}`;
      facts.add(here);
      for (const { namespaceURI, localName, value } of Array.from(element.attributes)) {
        facts.add(`${here}@{${namespaceURI ?? ''}}${localName ?? ''}=${value}`);
      }
      for (const child of Array.from(element.childNodes)) visit(child, here);
    } else if ((node.nodeValue ?? '').trim() !== '') {
      facts.add(`${path} ${node.nodeType}: ${node.nodeValue}`);
    }
  };
  for (const child of Array.from(document.childNodes)) visit(child, '');
  return facts;
}
