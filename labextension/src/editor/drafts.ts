/** What was typed, kept in the browser's state until it is saved or dropped. */
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import type { IForm, IOrigin } from './form';

/** What an editor is opened for: a kernel, an offer, or nothing yet. */
export interface IEditorArgs {
  kernel?: string;
  offer?: { identity: string; install: string };
  /** With an offer: for jobs, whether its recipe speaks of them or not. */
  slurm?: boolean;
}

/** Names an editor among the open ones, and its draft. */
export function editorKey({ kernel, offer }: IEditorArgs): string {
  if (kernel) {
    return `kernel:${kernel}`;
  }
  return offer ? `offer:${offer.identity}` : 'new';
}

export interface IDraftState {
  form: IForm;
  origin: IOrigin;
}

const PREFIX = 'kernelkit:editor:';

export class Drafts {
  constructor(private readonly _state: IStateDB | null) {}

  async read(key: string): Promise<IDraftState | null> {
    const found = (await this._state?.fetch(PREFIX + key)) as unknown;
    return isDraft(found) ? found : null;
  }

  async keep(key: string, draft: IDraftState): Promise<void> {
    const value = draft as unknown as ReadonlyPartialJSONValue;
    await this._state?.save(PREFIX + key, value);
  }

  async drop(key: string): Promise<void> {
    await this._state?.remove(PREFIX + key);
  }
}

/** What another version may have kept is not read. */
function isDraft(value: unknown): value is IDraftState {
  const { form, origin } = (value ?? {}) as Partial<IDraftState>;
  return [form, origin?.form].every(
    one => one && one.recipe && one.options && Array.isArray(one.parts)
  );
}
