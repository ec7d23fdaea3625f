/** What the cluster offers, read when a form first wants it. */
import type { IInventory, IKernelkitApi } from '../api';
import { Resource } from '../resource';

export class InventoryResource extends Resource<IInventory> {
  constructor(api: IKernelkitApi) {
    // The server keeps it for minutes: only what is asked for again is new.
    super(() => {
      const anew = this._anew;
      this._anew = false;
      return api.inventory(anew);
    });
  }

  /** Have the server itself ask anew. */
  renew(): Promise<void> {
    this._anew = true;
    return this.refresh();
  }

  private _anew = false;
}
