/** "Launch with other resources": the same fields, for one launch. */
import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ApiError, IKernelkitApi, Resources } from '../api';
import { ErrorState } from '../components/states';
import { FormContext } from './context';
import { asApiError } from './errors';
import { FieldSpecs } from './fieldspec';
import { LaunchModel } from './launchmodel';
import { SlurmFields } from './slurmfields';

export interface ILaunchDialogOptions {
  api: IKernelkitApi;
  kernel: string;
  displayName: string;
  resources: Resources;
  trans: TranslationBundle;
  /** Launches; what it rejects with is shown over what was typed. */
  launch: (resources: Resources) => Promise<void>;
}

/** Resolves when the kernel is launched, or the dialog was left. */
export async function askAndLaunch(
  options: ILaunchDialogOptions
): Promise<void> {
  const { api, kernel, displayName, trans, launch } = options;
  const specs = new FieldSpecs(await api.schema(), trans);
  const form = new LaunchModel(api, specs, kernel, options.resources, trans);
  let error: ApiError | null = null;
  for (;;) {
    const dialog = new Dialog({
      title: trans.__('Launch %1', displayName),
      body: new LaunchBody(form, trans, error),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Launch') })
      ],
      focusNodeSelector: 'select, input'
    });
    dialog.addClass('kk-LaunchDialog');
    const { button } = await dialog.launch();
    if (!button.accept) {
      return;
    }
    try {
      await launch(form.resources);
      return;
    } catch (reason) {
      error = asApiError(reason);
    }
  }
}

class LaunchBody extends ReactWidget {
  constructor(
    private readonly _model: LaunchModel,
    private readonly _trans: TranslationBundle,
    private readonly _error: ApiError | null
  ) {
    super();
    this.addClass('kk-LaunchBody');
    _model.changed.connect(this._keepFocus, this);
  }

  override dispose(): void {
    this._model.changed.disconnect(this._keepFocus, this);
    super.dispose();
  }

  /** A field that becomes a list is drawn anew: Escape is heard in the dialog only. */
  private _keepFocus(): void {
    requestAnimationFrame(() => {
      if (this.isAttached && document.activeElement === document.body) {
        this.node.querySelector<HTMLElement>('select, input')?.focus();
      }
    });
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    const context = { model: this._model, trans, prefix: 'kk-launch' };
    return (
      <FormContext.Provider value={context}>
        {this._error && <ErrorState error={this._error} trans={trans} />}
        <p>
          {trans.__('For this launch only; the kernel itself stays as it is.')}
        </p>
        <SlurmFields />
      </FormContext.Provider>
    );
  }
}
