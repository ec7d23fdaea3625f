/** "Launch with other resources": the same fields, for one launch. */
import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ApiError, IKernelkitApi, Resources } from '../api';
import { ErrorState } from '../components/states';
import { failedIcon } from '../icons';
import { FormContext, specOf, useForm } from './context';
import { asApiError } from './errors';
import { FieldSpecs } from './fieldspec';
import { focusField } from './focusfield';
import type { IFocusRequest } from './formmodel';
import { LaunchModel } from './launchmodel';
import { SlurmFields } from './slurmfields';

export interface ILaunchDialogOptions {
  api: IKernelkitApi;
  kernel: string;
  displayName: string;
  resources: Resources;
  trans: TranslationBundle;
  /**
   * Launches, with null for what the kernel asks for and this launch does not;
   * what it rejects with is shown over what was typed.
   */
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
    const dialog = new LaunchDialog(form, {
      title: trans.__('Launch %1', displayName),
      body: new LaunchBody(form, trans, error),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Launch') })
      ],
      focusNodeSelector: 'select, input'
    });
    const { button } = await dialog.launch();
    if (!button.accept) {
      return;
    }
    try {
      await launch(form.request);
      return;
    } catch (reason) {
      error = asApiError(reason);
    }
  }
}

/** Begins the ids of the form's elements. */
const PREFIX = 'kk-launch';

/** Stays open while something is wrong: Slurm may take what can never run. */
class LaunchDialog extends Dialog<unknown> {
  constructor(
    private readonly _model: LaunchModel,
    options: Partial<Dialog.IOptions<unknown>>
  ) {
    super(options);
    this._accept = (options.buttons ?? []).findIndex(one => one.accept);
    this.addClass('kk-LaunchDialog');
  }

  /** The Launch button, and Enter in a field. */
  override resolve(index = this._accept): void {
    if (index !== this._accept || this._model.attempt()) {
      super.resolve(index);
    }
  }

  private readonly _accept: number;
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
    _model.focusRequested.connect(this._focus, this);
  }

  override dispose(): void {
    this._model.changed.disconnect(this._keepFocus, this);
    this._model.focusRequested.disconnect(this._focus, this);
    super.dispose();
  }

  private _focus(_: unknown, { path }: IFocusRequest): void {
    requestAnimationFrame(() => focusField(PREFIX, path));
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
    const context = { model: this._model, trans, prefix: PREFIX };
    return (
      <FormContext.Provider value={context}>
        {this._error && <ErrorState error={this._error} trans={trans} />}
        <p>
          {trans.__('For this launch only; the kernel itself stays as it is.')}
        </p>
        <SlurmFields />
        <Refused model={this._model} />
      </FormContext.Provider>
    );
  }
}

/** Beside the button that was pressed: the field may be far above. */
function Refused({ model }: { model: LaunchModel }): JSX.Element {
  const form = useForm();
  const { refused } = model;
  return (
    <div role="alert">
      {refused && (
        <p className="kk-Outcome-problem kk-mod-error">
          <failedIcon.react tag="span" aria-hidden="true" />
          {`${specOf(form, refused.path).label}: ${refused.message}`}
        </p>
      )}
    </div>
  );
}
