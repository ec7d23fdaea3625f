/** What the fields of a form are given; the editor and the dialog each have one. */
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { IInventory, IKernelkitApi, IProblem } from '../api';
import type { IResource } from '../resource';
import type { FieldSpecs } from './fieldspec';
import type { Path } from './tree';

/** A field to be shown and given the focus. */
export interface IFocusRequest {
  path: Path;
}

/** What Slurm itself said of a request, when it was asked last. */
export interface ISlurmWord {
  words: string;
  estimate: number | null;
  /** When it was said, by the clock of `estimate`. */
  now: number;
  error: string;
}

export interface IFormModel {
  readonly api: IKernelkitApi;
  readonly specs: FieldSpecs;
  /** `recipe` and `options`. */
  readonly values: JSONObject;
  readonly inventory: IResource<IInventory>;
  readonly changed: ISignal<IFormModel, void>;
  readonly focusRequested: ISignal<IFormModel, IFocusRequest>;
  /** Null until Slurm is asked, and when the request changed since. */
  readonly slurmWord: ISlurmWord | null;
  readonly slurmPending: boolean;

  set(path: Path, value: JSONValue | undefined): void;
  /** What is wrong with a field, as far as it is to be told now. */
  problemsAt(path: Path): IProblem[];
  /** Ask Slurm whether it would take the request, and when it would start. */
  askSlurm(): void;
  refreshInventory(): void;
}
