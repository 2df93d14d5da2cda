import './composer.css';

import { MAX_PROMPT_BYTES } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { questionMedia } from '../media/question-media.js';
import { CloseIcon, StopIcon } from '../shell/icons.js';
import { isAnswering, stopAnswer } from './conversation-store.js';
import {
  cancelEdit,
  draft,
  editing,
  focusQuestion,
  questionField,
  sendDraft,
} from './question-draft.js';

/** Characters. A UTF-16 code unit takes at most three bytes in UTF-8. */
const MAX_QUESTION_LENGTH = Math.floor(MAX_PROMPT_BYTES / 3);

/** The question field with a button to send the question or stop the answer. */
export function Composer() {
  const send = (event: Event) => {
    event.preventDefault();
    sendDraft();
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && editing.value) cancelEdit();
    // Shift+Enter inserts a line break. During IME composition, Enter confirms the composition.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="composer" onSubmit={send}>
      {editing.value && (
        <div class="composer-editing">
          <span id="composer-editing">{t().ask.editing}</span>
          <button type="button" class="button quiet" onClick={cancelEdit}>
            <CloseIcon />
            {t().ask.cancelEdit}
          </button>
        </div>
      )}
      <label class="label" for="composer-question">
        {t().ask.question}
      </label>
      <textarea
        id="composer-question"
        ref={questionField}
        class="field composer-question"
        rows={2}
        maxLength={MAX_QUESTION_LENGTH}
        placeholder={t().ask.placeholder}
        aria-describedby={editing.value ? 'composer-editing composer-about' : 'composer-about'}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={handleKey}
      />
      <div class="composer-foot">
        <span id="composer-about" class="composer-about">
          {t().ask.about(questionMedia.value.length)}
        </span>
        {isAnswering.value ? <StopButton /> : <SendButton />}
      </div>
    </form>
  );
}

function SendButton() {
  return (
    <button type="submit" class="button primary">
      {t().ask.send}
    </button>
  );
}

function StopButton() {
  const stop = (event: MouseEvent) => {
    // Ignores the second click of a double click on the send button, which this button replaces.
    if (event.detail > 1) return;
    stopAnswer();
    focusQuestion();
  };
  return (
    <button type="button" class="button" onClick={stop}>
      <StopIcon />
      {t().ask.stop}
    </button>
  );
}
