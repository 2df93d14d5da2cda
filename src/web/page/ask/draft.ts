import { type ReadonlySignal, signal } from '@preact/signals';
import { createRef } from 'preact';

import { askQuestion, clearConversation, isAnswering } from './asking.js';
import type { Exchange } from './conversation.js';

interface Edit {
  /** The exchange whose question is edited. */
  readonly id: number;
  /** What was being written before. */
  readonly setAside: string;
}

const edited = signal<Edit | null>(null);

/** The question that is being written. */
export const draft = signal('');

/** The exchange whose question is being edited; null while a new question is written. */
export const editing: ReadonlySignal<Edit | null> = edited;

/** Where questions are written. */
export const questionField = createRef<HTMLTextAreaElement>();

/** Takes an earlier question back into the field. */
export function beginEdit({ id, question }: Exchange): void {
  edited.value = { id, setAside: edited.value?.setAside ?? draft.value };
  draft.value = question.text;
  questionField.current?.focus();
}

/** Leaves the earlier question as it is, and goes back to what was being written. */
export function cancelEdit(): void {
  if (edited.value) draft.value = edited.value.setAside;
  edited.value = null;
  questionField.current?.focus();
}

/** Asks what was written. What was set aside for an edit comes back. */
export function sendDraft(): void {
  const text = draft.value.trim();
  if (text !== '' && !isAnswering.value) {
    askQuestion(text, edited.value?.id ?? null);
    draft.value = edited.value?.setAside ?? '';
    edited.value = null;
  }
  focusQuestion();
}

/** Begins anew; what is being written stays. */
export function newConversation(): void {
  if (edited.value) cancelEdit();
  clearConversation();
  focusQuestion();
}

/** Back to the field, but not on a phone, where its keyboard would hide the answer. */
export function focusQuestion(): void {
  if (matchMedia('(pointer: coarse)').matches) return;
  questionField.current?.focus({ preventScroll: true });
}
