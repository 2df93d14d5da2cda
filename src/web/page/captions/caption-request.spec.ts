import { type CaptionOptions, DEFAULT_OPTIONS } from './caption-options.js';
import { captionFields, captionForm, captionPath, planCaptions } from './caption-request.js';

const LANGUAGES = ['ca', 'eu'];
const FIELDS_OF_ALL = { kind: 'long', detail: 'high', intervalSeconds: 2.5, frames: 6 } as const;

const plan = (media: 'image' | 'video', options: Partial<CaptionOptions> = {}) =>
  planCaptions(media, { ...DEFAULT_OPTIONS, ...FIELDS_OF_ALL, ...options }, LANGUAGES);

describe('the form of a request', () => {
  it('about a picture says nothing of frames and shots', () => {
    const request = plan('image', { granularity: 'shot' });
    expect(captionPath(request)).toBe('/v1/captions');
    expect(captionFields(request)).toEqual({ languages: 'ca,eu', kind: 'long', detail: 'high' });
  });

  it('about a whole clip says nothing of detail', () => {
    const request = plan('video');
    expect(captionPath(request)).toBe('/v1/captions');
    expect(captionFields(request)).toEqual({ languages: 'ca,eu', kind: 'long', num_frames: '6' });
  });

  it('about shots goes to another place, which knows no kinds', () => {
    const request = plan('video', { granularity: 'shot' });
    expect(captionPath(request)).toBe('/v1/videos/captions');
    expect(captionFields(request)).toEqual({
      languages: 'ca,eu',
      granularity: 'shot',
      num_frames: '6',
    });
  });

  it('about intervals says how long they are', () => {
    expect(captionFields(plan('video', { granularity: 'interval' }))).toEqual({
      languages: 'ca,eu',
      granularity: 'interval',
      interval_seconds: '2.5',
      num_frames: '6',
    });
  });

  it('holds the file under its own name', () => {
    const form = captionForm(plan('image'), new File(['x'], 'Fuchs – 1.png'));
    expect([...form.keys()]).toEqual(['languages', 'kind', 'detail', 'file']);
    expect((form.get('file') as File).name).toBe('Fuchs – 1.png');
  });
});
