import type { ITranslator } from '@jupyterlab/translation';
import { ReactWidget, Spinner } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { PromiseDelegate } from '@lumino/coreutils';
import { Panel, type Widget } from '@lumino/widgets';
import React from 'react';

import { ApiError } from '../api';
import { ErrorState } from '../components/states';
import type { IPanelSpec } from '../tokens';

/** The place of a panel; what it shows is fetched when it is first seen. */
export class LazyPanel extends Panel {
  constructor(
    readonly spec: IPanelSpec,
    private readonly _translator: ITranslator
  ) {
    super();
    this.id = `kernelkit-panel-${spec.id}`;
    this.addClass('kk-LazyPanel');
    this.title.label = spec.label;
    this.title.caption = spec.label;
    this.title.icon = spec.icon;
    this.title.closable = false;
  }

  /** Resolves with the panel when it has been shown once. */
  get content(): Promise<Widget> {
    return this._content.promise;
  }

  protected override onBeforeShow(msg: Message): void {
    super.onBeforeShow(msg);
    void this._load();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      void this._load();
    }
  }

  private async _load(): Promise<void> {
    if (this._begun) {
      return;
    }
    this._begun = true;
    const spinner = new Spinner();
    this.addWidget(spinner);
    try {
      const content = await this.spec.load();
      spinner.dispose();
      this.addWidget(content);
      this._content.resolve(content);
    } catch (error) {
      spinner.dispose();
      this._tell(error);
    }
  }

  private _tell(cause: unknown): void {
    const trans = this._translator.load('kernelkit');
    const info = {
      code: 'panel',
      message: trans.__('This panel could not be loaded.'),
      hint: String(cause)
    };
    const retry = () => {
      notice.dispose();
      this._begun = false;
      void this._load();
    };
    const notice = ReactWidget.create(
      React.createElement(ErrorState, {
        error: new ApiError(info, 0),
        onRetry: retry,
        trans
      })
    );
    this.addWidget(notice);
  }

  private _begun = false;
  private readonly _content = new PromiseDelegate<Widget>();
}
