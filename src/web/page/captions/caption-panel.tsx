import './caption-panel.css';

import { LanguageChooser } from '../languages/language-chooser.js';
import { CaptionActions } from './caption-actions.js';
import { chosenLanguages } from './caption-choices.js';
import { CaptionOptionFields } from './caption-option-fields.js';
import { CaptionResults } from './caption-results.js';

/** What to write about the media, and what was written about the one that is shown. */
export function CaptionPanel() {
  return (
    <div class="caption-panel">
      <div class="caption-panel-form card">
        <LanguageChooser chosen={chosenLanguages} />
        <CaptionOptionFields />
        <CaptionActions />
      </div>
      <CaptionResults />
    </div>
  );
}
