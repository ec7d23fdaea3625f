/** One answer of the server, its age, and what went wrong since. */
import { JSONExt, type ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { ApiError } from './api';
import { Renewal } from './renewal';

export interface IResource<T> {
  /** The last answer, kept through failures; null before the first. */
  readonly data: T | null;
  /** Why the last request failed; null after a success. */
  readonly error: ApiError | null;
  readonly loading: boolean;
  /** When `data` was read, in milliseconds since the epoch. */
  readonly taken: number;
  /** Whether `data` is older than the server's last refusal to renew it. */
  readonly stale: boolean;
  readonly changed: ISignal<IResource<T>, void>;
  refresh(): Promise<void>;
}

export class Resource<T> implements IResource<T> {
  constructor(private readonly _fetch: () => Promise<T>) {}

  get data(): T | null {
    return this._data;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._renewal.running;
  }

  get taken(): number {
    return this._taken;
  }

  get stale(): boolean {
    return this._error !== null && this._data !== null;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /**
   * Ask the server; once more, where it is asked already. Never rejects: a
   * failure is `error`.
   */
  refresh(): Promise<void> {
    const done = this._renewal.run();
    if (this._data === null) {
      this._changed.emit();
    }
    return done;
  }

  /**
   * Put in what an event told, and into an answer that is on its way, too: it
   * may have been written before.
   */
  update(change: (data: T) => T): void {
    if (this.loading) {
      this._told.push(change);
    }
    if (this._data !== null) {
      this._accept(change(this._data));
    }
  }

  private async _ask(): Promise<void> {
    this._told = [];
    try {
      const data = await this._fetch();
      this._taken = Date.now();
      const told = this._told.reduce<T>((all, change) => change(all), data);
      this._accept(told, this._error !== null);
    } catch (error) {
      this._error = ApiError.of(error);
      this._changed.emit();
    }
  }

  private _accept(data: T, always = false): void {
    this._error = null;
    const same = JSONExt.deepEqual(
      data as ReadonlyPartialJSONValue,
      this._data as ReadonlyPartialJSONValue
    );
    if (!same) {
      this._data = data;
    }
    if (!same || always) {
      this._changed.emit();
    }
  }

  private _data: T | null = null;
  private _error: ApiError | null = null;
  private _taken = 0;
  private _told: ((data: T) => T)[] = [];
  private readonly _renewal = new Renewal(() => this._ask());
  private readonly _changed = new Signal<this, void>(this);
}
