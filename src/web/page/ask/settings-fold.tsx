import './settings-fold.css';

import { useSignal } from '@preact/signals';

import { LanguageSelect } from '../languages/language-select.js';
import { t } from '../locales/locale.js';
import { languageOf } from '../service/service-status.js';
import { ChevronIcon, TrashIcon } from '../shell/icons.js';
import { answerLanguage, askSettings, changeSettings } from './ask-settings.js';
import { exchanges } from './asking.js';
import { newConversation } from './draft.js';
import { MAX_SEED, MAX_TEMPERATURE, readSeed, readTemperature } from './settings-values.js';

/** How questions are asked, folded away; and beside it the way to begin anew. */
export function SettingsFold() {
  const fold = useSignal<'closed' | 'open'>('closed');
  const isOpen = fold.value === 'open';
  const code = answerLanguage.value;
  const language = languageOf(code);
  return (
    <div class="settings-fold">
      <div class="settings-fold-head">
        <button
          type="button"
          class="button quiet"
          aria-expanded={isOpen}
          aria-controls="settings-fold-fields"
          onClick={() => {
            fold.value = isOpen ? 'closed' : 'open';
          }}
        >
          <ChevronIcon />
          {t().ask.more}
        </button>
        {language && (
          <span class="settings-fold-language" lang={code}>
            {language.name}
          </span>
        )}
        {exchanges.value.length > 0 && (
          <button type="button" class="button quiet" onClick={newConversation}>
            <TrashIcon />
            {t().ask.clear}
          </button>
        )}
      </div>
      <div id="settings-fold-fields" class="settings-fold-fields" hidden={!isOpen}>
        <Fields />
      </div>
    </div>
  );
}

function Fields() {
  const { temperature, seed, tokens } = askSettings.value;
  return (
    <>
      <div class="settings-fold-wide">
        <span class="label" aria-hidden="true">
          {t().ask.language}
        </span>
        <LanguageSelect
          label={t().ask.language}
          value={answerLanguage.value}
          onChange={(language) => changeSettings({ language })}
        />
      </div>
      <NumberField
        label={t().ask.temperature}
        value={temperature}
        limits={{ max: MAX_TEMPERATURE, step: 0.1 }}
        read={readTemperature}
        onChange={(value) => changeSettings({ temperature: value })}
      />
      <NumberField
        label={t().ask.seed}
        value={seed}
        limits={{ max: MAX_SEED, step: 1 }}
        read={readSeed}
        onChange={(value) => changeSettings({ seed: value })}
      />
      <label class="settings-fold-check settings-fold-wide">
        <input
          type="checkbox"
          checked={tokens === 'shown'}
          onChange={(event) =>
            changeSettings({ tokens: event.currentTarget.checked ? 'shown' : 'hidden' })
          }
        />
        {t().ask.tokens}
      </label>
    </>
  );
}

interface NumberFieldProps {
  label: string;
  /** null: left to the service. */
  value: number | null;
  limits: { max: number; step: number };
  /** Makes what was typed into a value within the limits. */
  read: (typed: string) => number | null;
  onChange: (value: number | null) => void;
}

function NumberField({ label, value, limits, read, onChange }: NumberFieldProps) {
  return (
    <label>
      <span class="label">{label}</span>
      <input
        type="number"
        class="field"
        min={0}
        max={limits.max}
        step={limits.step}
        placeholder={t().ask.automatic}
        value={value ?? ''}
        onChange={({ currentTarget }) => {
          const typed = read(currentTarget.value);
          // Shown also where the value stays as it was, and nothing is drawn again.
          currentTarget.value = String(typed ?? '');
          onChange(typed);
        }}
      />
    </label>
  );
}
