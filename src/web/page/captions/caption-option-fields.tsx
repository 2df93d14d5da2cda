import './caption-option-fields.css';

import { t } from '../locales/locale.js';
import { media } from '../media/tray.js';
import { captionOptions, setOptions } from './caption-choices.js';
import { DETAILS, FRAMES, GRANULARITIES, INTERVAL_SECONDS, KINDS } from './caption-options.js';
import { NumberField } from './number-field.js';
import { SelectField } from './select-field.js';

/** What can be chosen beside the languages, as far as it concerns what is in the tray. */
export function CaptionOptionFields() {
  const { captions } = t();
  const { kind, detail, granularity, intervalSeconds, frames } = captionOptions.value;
  const hasClips = media.value.some((item) => item.kind === 'video');
  const hasPictures = !hasClips || media.value.some((item) => item.kind === 'image');
  return (
    <div class="caption-option-fields">
      {(hasPictures || granularity === 'programme') && (
        <SelectField
          label={captions.kind}
          values={KINDS}
          names={captions.kinds}
          value={kind}
          onChange={(value) => setOptions({ kind: value })}
        />
      )}
      {hasPictures && (
        <SelectField
          label={captions.detail}
          values={DETAILS}
          names={captions.details}
          value={detail}
          onChange={(value) => setOptions({ detail: value })}
        />
      )}
      {hasClips && (
        <SelectField
          label={captions.granularity}
          values={GRANULARITIES}
          names={captions.granularities}
          value={granularity}
          onChange={(value) => setOptions({ granularity: value })}
        />
      )}
      {hasClips && granularity === 'interval' && (
        <NumberField
          label={captions.intervalSeconds}
          range={INTERVAL_SECONDS}
          value={intervalSeconds}
          onChange={(value) => setOptions({ intervalSeconds: value })}
        />
      )}
      {hasClips && (
        <NumberField
          label={captions.frames}
          range={FRAMES}
          value={frames}
          onChange={(value) => setOptions({ frames: value })}
        />
      )}
    </div>
  );
}
