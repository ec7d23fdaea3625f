/** Shows what an upgrade would change, and begins it where that is wanted. */
import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { ApiError, type IDifference, type IKernel } from '../api';
import { DiffText } from '../components/difftext';
import { ErrorState, Loading, Problems } from '../components/states';
import { Words } from '../components/words';

export interface IAskUpgradeOptions {
  kernel: IKernel;
  trans: TranslationBundle;
  /** What would change; ends early when the signal does. */
  diff: (signal: AbortSignal) => Promise<IDifference>;
  /** Rejects with what is then told over the newest differences. */
  upgrade: (difference: IDifference) => Promise<void>;
}

/** Resolves when the upgrade has begun, or is not wanted. */
export async function askUpgrade(options: IAskUpgradeOptions): Promise<void> {
  const { kernel, trans, upgrade } = options;
  let refusal: ApiError | null = null;
  for (;;) {
    const difference = await differenceOf(options);
    if (!difference) {
      return;
    }
    const label = trans.__('Upgrade');
    const accept = difference.edited.length
      ? Dialog.warnButton({ label })
      : Dialog.okButton({ label });
    const { button } = await dialogOf(
      trans.__('Upgrade %1', kernel.display_name || kernel.name),
      <UpgradeBody
        kernel={kernel}
        difference={difference}
        refusal={refusal}
        trans={trans}
      />,
      [Dialog.cancelButton(), accept]
    ).launch();
    if (!button.accept) {
      return;
    }
    try {
      return await upgrade(difference);
    } catch (error) {
      refusal = ApiError.of(error);
    }
  }
}

/** Null where it was not waited for, or could not be told. */
async function differenceOf(
  options: IAskUpgradeOptions
): Promise<IDifference | null> {
  const { kernel, trans, diff } = options;
  const title = trans.__('Upgrade %1', kernel.display_name || kernel.name);
  for (;;) {
    const abort = new AbortController();
    const waiting = dialogOf(
      title,
      <Loading
        label={trans.__(
          'Finding out what would change: modules are loaded and the interpreter is asked…'
        )}
      />,
      [Dialog.cancelButton()]
    );
    const left = waiting.launch().then(() => {
      abort.abort();
      return null;
    });
    try {
      return await Promise.race([left, diff(abort.signal)]);
    } catch (error) {
      waiting.reject();
      const again = Dialog.okButton({ label: trans.__('Try again') });
      const { button } = await dialogOf(
        title,
        <ErrorState error={ApiError.of(error)} trans={trans} />,
        [Dialog.cancelButton({ label: trans.__('Close') }), again]
      ).launch();
      if (!button.accept) {
        return null;
      }
    } finally {
      waiting.reject();
    }
  }
}

function dialogOf(
  title: string,
  content: JSX.Element,
  buttons: Dialog.IButton[]
): Dialog<unknown> {
  const body = ReactWidget.create(content);
  body.addClass('kk-UpgradeBody');
  const dialog = new Dialog({ title, body, buttons });
  dialog.addClass('kk-UpgradeDialog');
  return dialog;
}

interface IUpgradeBodyProps {
  kernel: IKernel;
  difference: IDifference;
  refusal: ApiError | null;
  trans: TranslationBundle;
}

function UpgradeBody(props: IUpgradeBodyProps): JSX.Element {
  const { kernel, difference, refusal, trans } = props;
  const { edited, files, problems } = difference;
  const changed = ['launch.sh', 'kernel.json']
    .map(name => ({ name, diff: files[name as keyof typeof files]?.diff }))
    .filter(file => file.diff);
  // Why it is not ready, and besides, that what is by hand goes.
  const reasons = kernel.reasons.filter(reason => !edited.includes(reason));
  return (
    <>
      {refusal && <ErrorState error={refusal} trans={trans} />}
      {reasons.length > 0 && (
        <ul className="kk-Details-reasons" aria-label={trans.__('Reasons')}>
          {reasons.map(reason => (
            <li key={reason}>
              <Words text={reason} />
            </li>
          ))}
        </ul>
      )}
      {edited.length > 0 && (
        <Problems
          problems={edited.map(words =>
            trans.__('%1: an upgrade undoes that.', words)
          )}
        />
      )}
      <Problems
        problems={problems.map(({ message, hint }) =>
          `${message} ${hint}`.trim()
        )}
      />
      {changed.map(({ name, diff = '' }) => (
        // Below each other: a dialog takes the arrows that tabs would need.
        <section key={name} aria-label={name}>
          <h3>{name}</h3>
          <pre
            className="kk-Code"
            tabIndex={0}
            role="region"
            aria-label={trans.__('Changes of %1', name)}
          >
            <DiffText diff={diff} />
          </pre>
        </section>
      ))}
      {changed.length === 0 && problems.length === 0 && (
        <p>{trans.__('Nothing differs in its files.')}</p>
      )}
      <p className="kk-Fine">
        {trans.__(
          'It is started once before it takes the place of the present version, which is kept for a rollback. Kernels that run stay as they are until they are restarted.'
        )}
      </p>
    </>
  );
}
