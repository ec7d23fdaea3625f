/** Asks for the two names of a kernel until the server takes them. */
import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ApiError } from '../api';
import { askUntilTaken } from '../components/askuntil';

export interface INames {
  name: string;
  displayName: string;
}

export interface IAskNamesOptions {
  title: string;
  /** What comes of it, where the title does not say. */
  text?: string;
  accept: string;
  names: INames;
  trans: TranslationBundle;
  /** Rejects with what the dialog then tells; what was typed is kept. */
  save: (names: INames) => Promise<void>;
}

export function askNames(options: IAskNamesOptions): Promise<void> {
  const { title, text, accept, names, trans, save } = options;
  return askUntilTaken({
    title,
    accept,
    value: names,
    body: (value, error) => new NamesBody(value, error, trans, text),
    focus: 'input',
    save
  });
}

class NamesBody extends ReactWidget implements Dialog.IBodyWidget<INames> {
  constructor(
    private _names: INames,
    private readonly _error: ApiError | null,
    private readonly _trans: TranslationBundle,
    private readonly _text?: string
  ) {
    super();
    this.addClass('kk-NamesBody');
  }

  getValue(): INames {
    return this._names;
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    const put = (change: Partial<INames>) => {
      this._names = { ...this._names, ...change };
    };
    return (
      <>
        {this._text && <p>{this._text}</p>}
        <label>
          {trans.__('Display name')}
          <input
            className="jp-mod-styled"
            defaultValue={this._names.displayName}
            onChange={event => put({ displayName: event.target.value })}
          />
        </label>
        <label>
          {trans.__('Name')}
          <input
            className="jp-mod-styled"
            aria-describedby="kk-NamesBody-hint"
            spellCheck={false}
            defaultValue={this._names.name}
            onChange={event => put({ name: event.target.value })}
          />
        </label>
        <p id="kk-NamesBody-hint" className="kk-Fine">
          {trans.__(
            'Letters, digits, dots, hyphens and underscores. Notebooks remember their kernel by this name.'
          )}
        </p>
        {this._error && (
          <p role="alert" className="kk-FieldError">
            {this._error.message} {this._error.hint}
          </p>
        )}
      </>
    );
  }
}
