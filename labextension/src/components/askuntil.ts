/** A dialog that is asked again, with what was typed, until the server takes it. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

import { ApiError } from '../api';

export interface IAskOptions<T> {
  title: string;
  accept: string;
  value: T;
  /** What is drawn of a value, and of why the last one was refused. */
  body: (value: T, error: ApiError | null) => Widget & Dialog.IBodyWidget<T>;
  focus: string;
  /** Rejects with what the dialog then tells. */
  save: (value: T) => Promise<void>;
}

export async function askUntilTaken<T>(options: IAskOptions<T>): Promise<void> {
  const { title, accept, body, focus, save } = options;
  let { value } = options;
  let error: ApiError | null = null;
  for (;;) {
    const answer = await showDialog<T>({
      title,
      body: body(value, error),
      focusNodeSelector: focus,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: accept })]
    });
    if (!answer.button.accept || !answer.value) {
      return;
    }
    value = answer.value;
    try {
      return await save(value);
    } catch (refused) {
      if (!(refused instanceof ApiError)) {
        throw refused;
      }
      error = refused;
    }
  }
}
