/** How soon offers that are not the last word are asked for again, ms. */
const SOON = 400;
const LATER = 1500;
const SELDOM = 15_000;
const SLOWER = 1.5;

/** Offers that an answer brought. */
interface IAnswer {
  /** The modules are being read for the first time. */
  reading: boolean;
  /** Newer ones are being read. */
  outdated: boolean;
}

/** Asks again while newer offers are to come, more and more seldom. */
export class AskAgain {
  constructor(private readonly _ask: () => void) {}

  /** With `mixed`, what came does not fit what came before. */
  answered({ reading, outdated }: IAnswer, mixed = false): void {
    if (!reading && !outdated && !mixed) {
      this.stop();
      this._pause = 0;
      return;
    }
    // Where nothing is new among the modules, the rest takes a moment.
    const first = reading ? LATER : SOON;
    this._wait(this._pause ? Math.max(LATER, SLOWER * this._pause) : first);
  }

  /** What is to come does so, whatever became of the question. */
  failed(): void {
    if (this._pause) {
      this._wait(SLOWER * this._pause);
    }
  }

  stop(): void {
    window.clearTimeout(this._timer);
  }

  private _wait(pause: number): void {
    this.stop();
    this._pause = Math.min(SELDOM, pause);
    this._timer = window.setTimeout(this._ask, this._pause);
  }

  private _pause = 0;
  private _timer = 0;
}
