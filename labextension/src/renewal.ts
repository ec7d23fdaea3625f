/** Reading anew, one reading at a time. */
export class Renewal {
  constructor(private readonly _read: () => Promise<void>) {}

  get running(): boolean {
    return this._running !== null;
  }

  /**
   * A call while a reading goes on reads once more after it, since that one
   * may have been answered before what the caller knows of.
   */
  run(): Promise<void> {
    if (this._running) {
      this._again ??= this._running.then(() => {
        this._again = null;
        return this.run();
      });
      return this._again;
    }
    this._running = this._read().finally(() => {
      this._running = null;
    });
    return this._running;
  }

  private _running: Promise<void> | null = null;
  private _again: Promise<void> | null = null;
}
