import './language-chooser.css';

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { languageOf } from '../service/service-status.js';
import { ChevronIcon, CloseIcon } from '../shell/icons.js';
import { toggleCode } from './favourites.js';
import { LanguagePicker } from './language-picker.js';

interface LanguageChooserProps {
  readonly chosen: Signal<readonly string[]>;
}

/** Chooses any number of the model's languages: the chosen ones as chips, all of them in a list that opens. */
export function LanguageChooser({ chosen }: LanguageChooserProps) {
  const isOpen = useSignal(false);
  const id = useId();
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen.value) return undefined;
    const closeOutside = ({ target }: Event) => {
      if (!whole.current?.contains(target as Node)) isOpen.value = false;
    };
    // On the document: after a touch the focus is not in the list.
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      isOpen.value = false;
      opener.current?.focus();
    };
    document.addEventListener('pointerdown', closeOutside);
    document.addEventListener('focusin', closeOutside);
    document.addEventListener('keydown', closeOnEscape);
    return () => {
      document.removeEventListener('pointerdown', closeOutside);
      document.removeEventListener('focusin', closeOutside);
      document.removeEventListener('keydown', closeOnEscape);
    };
  }, [isOpen.value]);
  return (
    <div class="language-chooser" ref={whole}>
      <p class="label" role="status">
        {t().languages.chosen(chosen.value.length)}
      </p>
      <div class="language-chooser-line">
        <button
          type="button"
          ref={opener}
          class="button"
          aria-expanded={isOpen.value}
          aria-haspopup="dialog"
          aria-controls={isOpen.value ? id : undefined}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {t().languages.change}
          <ChevronIcon />
        </button>
        <ul class="language-chooser-chips" aria-label={t().languages.title}>
          {chosen.value.map((code) => (
            <Chip
              key={code}
              code={code}
              onRemove={(place) => {
                // To a neighbour: focus that is lost sends keyboards back to the top of the page.
                const next = place.nextElementSibling ?? place.previousElementSibling;
                (next?.querySelector('button') ?? opener.current)?.focus();
                chosen.value = toggleCode(chosen.value, code);
              }}
            />
          ))}
        </ul>
        {isOpen.value && <LanguagePicker id={id} chosen={chosen} />}
      </div>
    </div>
  );
}

interface ChipProps {
  readonly code: string;
  readonly onRemove: (place: HTMLElement) => void;
}

/** One chosen language; pressing it takes it out. */
function Chip({ code, onRemove }: ChipProps) {
  const language = languageOf(code);
  if (!language) return null;
  const { name, english_name } = language;
  return (
    <li>
      <button
        type="button"
        class="language-chooser-chip"
        title={english_name}
        aria-label={t().languages.remove(name)}
        onClick={({ currentTarget }) => {
          const place = currentTarget.closest('li');
          if (place) onRemove(place);
        }}
      >
        <span lang={code}>{name}</span>
        <CloseIcon />
      </button>
    </li>
  );
}
