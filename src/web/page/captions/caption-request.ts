import type { CaptionKind } from '../service/api-types.js';
import type { CaptionOptions, Detail } from './caption-options.js';

/** A caption request for one file. */
export type CaptionRequest =
  | {
      readonly of: 'image';
      readonly languages: readonly string[];
      readonly kind: CaptionKind;
      readonly detail: Detail;
    }
  | {
      readonly of: 'video';
      readonly languages: readonly string[];
      readonly kind: CaptionKind;
      readonly frames: number;
    }
  | {
      readonly of: 'segments';
      readonly languages: readonly string[];
      readonly segmentation:
        { readonly by: 'shot' } | { readonly by: 'interval'; readonly seconds: number };
      /** Per segment. */
      readonly frames: number;
    };

/** Builds the request for an image or a video from the options that apply to it. */
export function toCaptionRequest(
  media: 'image' | 'video',
  { kind, detail, granularity, intervalSeconds, frames }: CaptionOptions,
  languages: readonly string[],
): CaptionRequest {
  if (media === 'image') return { of: 'image', languages, kind, detail };
  switch (granularity) {
    case 'whole':
      return { of: 'video', languages, kind, frames };
    case 'shot':
      return { of: 'segments', languages, segmentation: { by: 'shot' }, frames };
    case 'interval':
      return {
        of: 'segments',
        languages,
        segmentation: { by: 'interval', seconds: intervalSeconds },
        frames,
      };
  }
}

/** The route of a request. */
export function captionPath({ of }: CaptionRequest): string {
  return of === 'segments' ? 'v1/videos/captions' : 'v1/captions';
}

/** The form fields of a request, without the file. */
export function captionFields(request: CaptionRequest): Readonly<Record<string, string>> {
  const languages = request.languages.join(',');
  switch (request.of) {
    case 'image':
      return { languages, kind: request.kind, detail: request.detail };
    case 'video':
      return { languages, kind: request.kind, num_frames: String(request.frames) };
    case 'segments': {
      const { segmentation, frames } = request;
      const fields = { languages, granularity: segmentation.by, num_frames: String(frames) };
      return segmentation.by === 'shot'
        ? fields
        : { ...fields, interval_seconds: String(segmentation.seconds) };
    }
  }
}

/** The complete form of a request. */
export function captionForm(request: CaptionRequest, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(captionFields(request))) form.append(name, value);
  form.append('file', file, file.name);
  return form;
}
