/** Failures told in a dialog: a notification has no room for what to do. */
import { Dialog, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';

/** Tell of a failure where the user began what failed. */
export async function tell(
  { trans }: { trans: TranslationBundle },
  title: string,
  error: unknown
): Promise<void> {
  const { message, hint, info } = ApiError.of(error);
  // In this order, because a hint may speak of what is above it.
  const words = [message, info.detail, hint].filter(Boolean).join('\n');
  await showErrorMessage(title.replace(/…$/, ''), words, [
    Dialog.okButton({ label: trans.__('Close') })
  ]);
}
