import type { IDisposable } from '@lumino/disposable';

import type { IKernelkitModel } from '../tokens';

/** Have a panel's code fetched while the server is asked for what it shows. */
export async function begun<T>(
  model: IKernelkitModel,
  load: (watching: IDisposable) => Promise<T>
): Promise<T> {
  const watching = model.watch();
  try {
    return await load(watching);
  } catch (error) {
    watching.dispose();
    throw error;
  }
}
