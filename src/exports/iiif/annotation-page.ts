import type { PinnedModel } from '../../jobs/recipe.js';
import type { ReviewedText } from '../../review/reviewed-items.js';
import { describeProvenance, describeReview, provenanceOf } from '../provenance.js';

const CONTEXT = 'http://iiif.io/api/presentation/3/context.json';

/** What viewers show beside a canvas; `describing` of the Web Annotation Model is not shown by most. */
const MOTIVATION = 'commenting';

export interface PageSubject {
  /** URL at which the page will be published. */
  readonly id: string;
  readonly canvas: string;
  /** Fragment of the part of the canvas that the texts are about: `xywh=0,0,600,400`; undefined for the whole. */
  readonly region: string | undefined;
  readonly model: PinnedModel | null;
  /** Name and version of this program. */
  readonly software: string;
}

/**
 * The texts about a canvas (Presentation API 3.0, section 5.5): an annotation for each kind and segment, whose bodies
 * are the languages.
 */
export function toAnnotationPage(subject: PageSubject, texts: readonly ReviewedText[]): object {
  const groups = new Map<string, ReviewedText[]>();
  for (const text of texts) {
    const key = `${text.kind} ${text.segment?.startSeconds ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), text]);
  }
  return {
    '@context': CONTEXT,
    id: subject.id,
    type: 'AnnotationPage',
    items: [...groups.values()].map((group, index) => toAnnotation(subject, group, index + 1)),
  };
}

function toAnnotation(
  { id, canvas, region, model, software }: PageSubject,
  texts: readonly ReviewedText[],
  number: number,
): object {
  const [first] = texts;
  const kind = first?.kind ?? '';
  return {
    id: `${id}#${kind}-${number}`,
    type: 'Annotation',
    motivation: MOTIVATION,
    // Shown by viewers, and readable by programs: a statement for each language.
    metadata: texts.map((text) => ({
      label: { none: [`${kind}@${text.language}`] },
      value: { en: [describeProvenance(text, model)] },
    })),
    generator: { type: 'Software', name: software },
    body: texts.map((text) => toBody(text, model)),
    target: `${canvas}${toFragment(region, first?.segment)}`,
  };
}

/** A text (Web Annotation Data Model, section 3.2.4) with its creators (section 3.3.1). */
function toBody(text: ReviewedText, model: PinnedModel | null): object {
  const { machine_generated, model: name, reviewed_at } = provenanceOf(text, model);
  const creators = [
    ...(machine_generated
      ? [{ type: 'Software', name, revision: model?.revision, precision: model?.precision }]
      : []),
    ...(text.review !== 'unreviewed' && text.author !== undefined
      ? [{ type: 'Person', name: text.author, role: describeReview(text) }]
      : []),
  ];
  return {
    type: 'TextualBody',
    value: text.text,
    format: 'text/plain',
    // An array in the Presentation API, where the Web Annotation Model also allows a string.
    language: [text.language],
    creator: creators,
    ...(reviewed_at !== '' && { modified: reviewed_at }),
  };
}

/** Media fragments (https://www.w3.org/TR/media-frags/) of space and time. */
function toFragment(region: string | undefined, segment: ReviewedText['segment']): string {
  const parts = [
    ...(region === undefined ? [] : [region]),
    ...(segment ? [`t=${segment.startSeconds},${segment.endSeconds}`] : []),
  ];
  return parts.length === 0 ? '' : `#${parts.join('&')}`;
}
