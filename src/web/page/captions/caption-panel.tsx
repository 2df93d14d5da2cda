import './caption-panel.css';

import { LanguageChooser } from '../languages/language-chooser.js';
import { CaptionActions } from './caption-actions.js';
import { CaptionOptionFields } from './caption-option-fields.js';
import { CaptionResults } from './caption-results.js';
import { chosenLanguages } from './stored-caption-options.js';

/** The caption form, and the captions of the selected file. */
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
