/**
 * Asks for an answer after things have been still for a while; a newer
 * question cancels the older one, and only the newest is answered.
 */
export class Latest<T> {
  constructor(private readonly _options: Latest.IOptions<T>) {}

  /** Whether an answer is waited for. */
  get pending(): boolean {
    return this._timer !== null || this._abort !== null;
  }

  /** Ask after the delay; what was asked before is forgotten. */
  ask(delay = this._options.delay): void {
    this.cancel();
    this._timer = setTimeout(() => {
      this._timer = null;
      void this._run();
    }, delay);
  }

  cancel(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
      this._timer = null;
    }
    this._abort?.abort();
    this._abort = null;
  }

  private async _run(): Promise<void> {
    const abort = (this._abort = new AbortController());
    const { work, answered, failed } = this._options;
    try {
      const answer = await work(abort.signal);
      if (this._abort === abort) {
        this._abort = null;
        answered(answer);
      }
    } catch (error) {
      if (this._abort === abort) {
        this._abort = null;
        failed(error);
      }
    }
  }

  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _abort: AbortController | null = null;
}

export namespace Latest {
  export interface IOptions<T> {
    work: (signal: AbortSignal) => Promise<T>;
    answered: (answer: T) => void;
    failed: (error: unknown) => void;
    /** Milliseconds of stillness. */
    delay: number;
  }
}
