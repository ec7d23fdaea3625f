import type { IDisposable } from '@lumino/disposable';

/** Work that nobody sees while the page is hidden, done when it is shown. */
export class WhenShown implements IDisposable {
  constructor(private readonly _work: () => void) {
    document.addEventListener('visibilitychange', this._look);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Nothing comes of it where the page is shown already. */
  want(): void {
    this._wanted ||= isHidden();
  }

  dispose(): void {
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._look);
  }

  private readonly _look = () => {
    if (this._wanted && !isHidden()) {
      this._wanted = false;
      this._work();
    }
  };

  private _wanted = false;
  private _isDisposed = false;
}

function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}
