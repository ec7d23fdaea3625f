/** A search of the catalog, read page by page as the list is scrolled. */
import { Signal, type ISignal } from '@lumino/signaling';

import {
  ApiError,
  type IKernelkitApi,
  type IOffer,
  type OfferKind
} from '../api';
import type { IResource } from '../resource';

/** Offers a request. */
const PAGE = 200;

/** The most that the server gives at once. */
const MOST = 1000;

/** How soon to look again while the modules are read for the first time, ms. */
const READING_INTERVAL = 1500;

/** How soon to look for what takes the place of old offers, the first time, ms. */
const RENEWAL = 400;

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
    return this._read(0, this._shown(), false);
  }

  /** The same, with the module system asked anew: that takes its time. */
  renew(): Promise<void> {
    return this._read(0, this._shown(), true);
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
    window.clearTimeout(this._timer);
    this._isDisposed = true;
    this._turn++;
    Signal.clearData(this);
  }

  private _shown(): number {
    return Math.min(MOST, Math.max(PAGE, this._data?.items.length ?? 0));
  }

  /** Only the answer to the last question counts. */
  private async _read(
    offset: number,
    limit: number,
    refresh: boolean
  ): Promise<void> {
    const turn = ++this._turn;
    window.clearTimeout(this._timer);
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
      const former = this._data;
      const before = offset ? former : null;
      this._data = {
        ...page,
        items: [...(before?.items ?? []), ...page.items]
      };
      this._error = null;
      this._taken = Date.now();
      // Pages of two readings do not fit together.
      const mixed = before !== null && before.taken !== page.taken;
      if (page.reading || page.outdated || mixed) {
        // Where nothing is new among the modules, the rest takes a moment.
        const soon = !page.reading && !former?.outdated;
        this._timer = window.setTimeout(
          () => void this.refresh(),
          soon ? RENEWAL : READING_INTERVAL
        );
      }
    } catch (error) {
      if (turn === this._turn) {
        this._error = ApiError.of(error);
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
  private _timer = 0;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
