import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { Language } from '../service/api-types.js';
import { languages } from '../service/service-status.js';
import { favouriteLanguages, toggleCode } from './favourites.js';
import { LanguageRow } from './language-row.js';
import { matchLanguages } from './match-languages.js';
import { moveInPicker } from './move-in-picker.js';
import { orderLanguages } from './order-languages.js';

interface LanguagePickerProps {
  readonly id: string;
  readonly chosen: Signal<readonly string[]>;
}

/** The list of all languages with its search. Tab stops once in the list; arrows go through it. */
export function LanguagePicker({ id, chosen }: LanguagePickerProps) {
  const query = useSignal('');
  const active = useSignal<string | null>(null);
  const whole = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  // As they are at opening: a row must not jump away from under the finger that marks it.
  const { favourites, others } = useMemo(
    () => orderLanguages(languages.value, favouriteLanguages.peek()),
    [languages.value],
  );
  // Before the next key is pressed: what is typed belongs in the search.
  useLayoutEffect(() => {
    whole.current?.scrollIntoView({ block: 'nearest' });
    // On a touch screen the keyboard would cover the list that was just asked for.
    if (!matchMedia('(pointer: coarse)').matches) search.current?.focus();
  }, []);

  const found = matchLanguages([...favourites, ...others], query.value);
  const isSearching = query.value.trim() !== '';
  const stop = found.find(({ code }) => code === active.value) ?? found[0];
  const toggle = (code: string) => {
    chosen.value = toggleCode(chosen.value, code);
  };
  const toRow = (language: Language) => (
    <LanguageRow
      key={language.code}
      language={language}
      isChosen={chosen.value.includes(language.code)}
      look={isSearching && language === found[0] ? 'best' : 'plain'}
      tabIndex={language === stop ? 0 : -1}
      onToggle={toggle}
      onFocus={() => {
        active.value = language.code;
      }}
    />
  );
  const takeBest = () => {
    if (!isSearching || !found[0]) return;
    toggle(found[0].code);
    query.value = '';
  };
  return (
    <div
      class="language-picker"
      ref={whole}
      id={id}
      role="dialog"
      aria-label={t().languages.change}
      onKeyDown={(event) => {
        moveInPicker(event, search.current, takeBest);
      }}
    >
      <div class="language-picker-head">
        <input
          ref={search}
          class="field"
          type="search"
          aria-label={t().languages.search}
          placeholder={t().languages.search}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            chosen.value = [...favourites, ...others].map(({ code }) => code);
          }}
        >
          {t().languages.all}
        </button>
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            chosen.value = [];
          }}
        >
          {t().languages.none}
        </button>
      </div>
      <div class="language-picker-list">
        {found.length === 0 && <p role="status">{t().languages.noMatch}</p>}
        {!isSearching && favourites.length > 0 && (
          <>
            <p class="label">{t().languages.favourites}</p>
            <ul aria-label={t().languages.favourites}>{favourites.map(toRow)}</ul>
            <hr />
          </>
        )}
        <ul aria-label={t().languages.title}>{(isSearching ? found : others).map(toRow)}</ul>
      </div>
    </div>
  );
}
