import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';

import type { IKernelkitModel } from '../tokens';

/** A panel of the sidebar: the model is kept current while it is seen. */
export class PanelWidget extends ReactWidget {
  constructor(
    private readonly _model: IKernelkitModel,
    private readonly _draw: () => JSX.Element,
    /** What was begun for this panel while its code was fetched. */
    private _watching: IDisposable | null = null
  ) {
    super();
    this.addClass('kk-PanelWidget');
  }

  protected override render(): JSX.Element {
    return this._draw();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._watch();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._watch();
    } else {
      this._rest();
    }
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._rest();
  }

  protected override onBeforeDetach(msg: Message): void {
    super.onBeforeDetach(msg);
    this._rest();
  }

  /** Whoever opens a panel begins in its search box. */
  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    void this.renderPromise?.then(() => {
      this.node.querySelector<HTMLElement>('input')?.focus();
    });
  }

  private _watch(): void {
    this._watching ??= this._model.watch();
  }

  private _rest(): void {
    this._watching?.dispose();
    this._watching = null;
  }
}
