import type { CaptionKind } from '../service/api-types.js';
import type { CaptionOptions, Detail } from './caption-options.js';

/** What the service is asked to write about one file. */
export type CaptionRequest =
  | {
      readonly of: 'picture';
      readonly languages: readonly string[];
      readonly kind: CaptionKind;
      readonly detail: Detail;
    }
  | {
      readonly of: 'clip';
      readonly languages: readonly string[];
      readonly kind: CaptionKind;
      readonly frames: number;
    }
  | {
      readonly of: 'segments';
      readonly languages: readonly string[];
      readonly cut: { readonly by: 'shot' } | { readonly by: 'interval'; readonly seconds: number };
      /** In each segment. */
      readonly frames: number;
    };

/** What to ask about a picture or a clip: of all that can be chosen, what concerns it. */
export function planCaptions(
  media: 'image' | 'video',
  { kind, detail, granularity, intervalSeconds, frames }: CaptionOptions,
  languages: readonly string[],
): CaptionRequest {
  if (media === 'image') return { of: 'picture', languages, kind, detail };
  switch (granularity) {
    case 'programme':
      return { of: 'clip', languages, kind, frames };
    case 'shot':
      return { of: 'segments', languages, cut: { by: 'shot' }, frames };
    case 'interval':
      return {
        of: 'segments',
        languages,
        cut: { by: 'interval', seconds: intervalSeconds },
        frames,
      };
  }
}

/** Where a request goes. */
export function captionPath({ of }: CaptionRequest): string {
  return of === 'segments' ? '/v1/videos/captions' : '/v1/captions';
}

/** The fields of its form, but for the file. */
export function captionFields(request: CaptionRequest): Readonly<Record<string, string>> {
  const languages = request.languages.join(',');
  switch (request.of) {
    case 'picture':
      return { languages, kind: request.kind, detail: request.detail };
    case 'clip':
      return { languages, kind: request.kind, num_frames: String(request.frames) };
    case 'segments': {
      const { cut, frames } = request;
      const fields = { languages, granularity: cut.by, num_frames: String(frames) };
      return cut.by === 'shot' ? fields : { ...fields, interval_seconds: String(cut.seconds) };
    }
  }
}

/** The whole form. */
export function captionForm(request: CaptionRequest, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(captionFields(request))) form.append(name, value);
  form.append('file', file, file.name);
  return form;
}
