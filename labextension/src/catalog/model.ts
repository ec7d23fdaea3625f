/** A search of the catalog, read page by page as the list is scrolled. */
import { Signal, type ISignal } from '@lumino/signaling';

import {
  ApiError,
  type IKernelkitApi,
  type IOffer,
  type OfferKind
} from '../api';
import type { IResource } from '../resource';
import { AskAgain } from './askagain';

/** Offers a request. */
const PAGE = 200;

/** The most that the server gives at once. */
const MOST = 1000;

export interface IPage {
  items: IOffer[];
  total: number;
  counts: Partial<Record<OfferKind, number>>;
  taken: number;
  reading: boolean;
  outdated: boolean;
  problems: string[];
}

export class CatalogModel implements IResource<IPage> {
  constructor(private readonly _api: IKernelkitApi) {}

  get data(): IPage | null {
    return this._data;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._waiting > 0;
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

  /** Look for something else. */
  search(query: string, kind: OfferKind | ''): Promise<void> {
    if (query === this._query && kind === this._kind && this._data) {
      return Promise.resolve();
    }
    this._query = query;
    this._kind = kind;
    return this._read(0, PAGE, false);
  }

  /** Read what is shown again, as far as it was read. */
  refresh(): Promise<void> {
    return this._readShown(false);
  }

  /** The same, with the module system asked anew: that takes its time. */
  renew(): Promise<void> {
    return this._readShown(true);
  }

  /**
   * The next page, if there is one. While the last question is not answered
   * nothing is read: whoever shows the answer sees whether its end is in view.
   */
  more(): Promise<void> {
    const read = this._data?.items.length ?? 0;
    const asked = this._answered !== this._turn;
    if (asked || !this._data || read >= this._data.total) {
      return Promise.resolve();
    }
    return this._read(read, PAGE, false);
  }

  dispose(): void {
    this._again.stop();
    this._isDisposed = true;
    this._turn++;
    Signal.clearData(this);
  }

  private _readShown(refresh: boolean): Promise<void> {
    const shown = this._data?.items.length ?? 0;
    return this._read(0, Math.min(MOST, Math.max(PAGE, shown)), refresh);
  }

  /** Only the answer to the last question counts. */
  private async _read(
    offset: number,
    limit: number,
    refresh: boolean
  ): Promise<void> {
    const turn = ++this._turn;
    this._again.stop();
    this._waiting++;
    this._changed.emit();
    try {
      const page = await this._api.catalog({
        q: this._query,
        kind: this._kind || undefined,
        offset,
        limit,
        refresh
      });
      if (turn !== this._turn) {
        // Something else was looked for meanwhile, among what was there before.
        return refresh && !this._isDisposed ? this.refresh() : undefined;
      }
      const before = offset ? this._data : null;
      // Pages of two readings do not fit together, whatever follows them.
      const taken = before?.taken ?? page.taken;
      const items = [...(before?.items ?? []), ...page.items];
      this._data = { ...page, taken, items };
      this._error = null;
      this._taken = Date.now();
      this._again.answered(page, taken !== page.taken);
    } catch (error) {
      if (turn === this._turn) {
        this._error = ApiError.of(error);
        this._again.failed();
      }
    } finally {
      if (turn === this._turn) {
        this._answered = turn;
      }
      this._waiting--;
      this._changed.emit();
    }
  }

  private _query = '';
  private _kind: OfferKind | '' = '';
  private _data: IPage | null = null;
  private _error: ApiError | null = null;
  private _taken = 0;
  private _turn = 0;
  private _answered = 0;
  private _waiting = 0;
  private readonly _again = new AskAgain(() => void this.refresh());
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
