/** The editor as a widget of the main area. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Debouncer } from '@lumino/polling';
import React from 'react';

import { sidebarIcon } from '../icons';
import type { IKernelkitModel } from '../tokens';
import { editorKey, type Drafts, type IEditorArgs } from './drafts';
import type { EditorModel } from './model';
import { Saving } from './saving';
import { EditorView } from './view';

export class EditorWidget extends ReactWidget {
  constructor(private readonly _options: EditorWidget.IOptions) {
    super();
    const { editor, model } = _options;
    this.saving = new Saving(editor, model);
    this.addClass('kk-EditorWidget');
    this.title.icon = sidebarIcon;
    this.title.closable = true;
    editor.changed.connect(this._onChange, this);
    this.saving.saved.connect(() => {
      // It is the editor of that kernel from now on.
      void _options.drafts.drop(editorKey(_options.args));
      this._onChange();
    });
    this._onChange();
    void model.status.refresh().then(() => this.update());
  }

  readonly saving: Saving;

  /** What would open this editor again. */
  get args(): IEditorArgs {
    const { kernel } = this.editor.origin;
    return kernel ? { kernel } : this._options.args;
  }

  get editor(): EditorModel {
    return this._options.editor;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._keep.dispose();
      this.saving.dispose();
      this.editor.dispose();
      super.dispose();
    }
  }

  protected override render(): JSX.Element {
    const { editor, model, trans, onLaunch } = this._options;
    return React.createElement(EditorView, {
      editor,
      saving: this.saving,
      trans,
      prefix: this.id,
      slurm: model.status.data?.slurm ?? null,
      onLaunch,
      onClose: () => this.close()
    });
  }

  protected override onActivateRequest(msg: Message): void {
    // Not over what has the focus already, when a tab is clicked.
    if (!this.node.contains(document.activeElement)) {
      this.node.querySelector<HTMLElement>('input, button')?.focus();
    }
  }

  protected override onCloseRequest(msg: Message): void {
    void this._close(msg);
  }

  private async _close(msg: Message): Promise<void> {
    const { editor, drafts } = this._options;
    if (editor.dirty && !(await this._isGivenUp())) {
      return;
    }
    await this._keep.stop();
    await drafts.drop(editorKey(this.args));
    super.onCloseRequest(msg);
    this.dispose();
  }

  private async _isGivenUp(): Promise<boolean> {
    const { trans } = this._options;
    const answer = await showDialog({
      title: trans.__('Close without saving?'),
      body: trans.__(
        'What you changed in “%1” is not saved.',
        this.title.label
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep editing') }),
        Dialog.warnButton({ label: trans.__('Drop the changes') })
      ]
    });
    return answer.button.accept;
  }

  private _onChange(): void {
    const { editor, trans } = this._options;
    const { kernel } = editor.origin;
    this.title.label = kernel
      ? trans.__('Edit %1', kernel)
      : trans.__('New kernel');
    this.title.className = editor.dirty ? 'jp-mod-dirty' : '';
    this._keep.invoke().catch(() => undefined);
  }

  private readonly _keep = new Debouncer(async () => {
    const { editor, drafts } = this._options;
    const { form, origin } = editor;
    const key = editorKey(this.args);
    await (editor.dirty
      ? drafts.keep(key, { form, origin })
      : drafts.drop(key));
  }, 400);
}

export namespace EditorWidget {
  export interface IOptions {
    editor: EditorModel;
    model: IKernelkitModel;
    trans: TranslationBundle;
    drafts: Drafts;
    args: IEditorArgs;
    onLaunch: (kernel: string) => void;
  }
}
