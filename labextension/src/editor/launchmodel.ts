/** The request of one launch: the kernel's own, to be changed for this once. */
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IKernelkitApi, IProblem, IValidation, Resources } from '../api';
import { asApiError } from './errors';
import type { FieldSpecs } from './fieldspec';
import type { IFocusRequest, IFormModel, ISlurmWord } from './formmodel';
import { InventoryResource } from './inventory';
import { Latest } from './latest';
import { numberFaults } from './numbers';
import { getAt, isObject, setAt, withoutEmpty, type Path } from './tree';
import { checkRequest } from './validate';

export class LaunchModel implements IFormModel {
  constructor(
    readonly api: IKernelkitApi,
    readonly specs: FieldSpecs,
    private readonly _kernel: string,
    private readonly _saved: Resources,
    private readonly _trans: TranslationBundle
  ) {
    this._values = { recipe: { resources: _saved }, options: {} };
    this.inventory = new InventoryResource(api);
    this.inventory.changed.connect(() => this._changed.emit());
    void this.inventory.refresh();
    this._slurm = new Latest<IValidation>({
      work: signal => api.validate(this._draft(), true, signal),
      answered: answer => this._take(answer),
      failed: error => this._say(asApiError(error).message),
      delay: 0
    });
  }

  readonly inventory: InventoryResource;

  get values(): JSONObject {
    return this._values;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get focusRequested(): ISignal<this, IFocusRequest> {
    return this._focusRequested;
  }

  get slurmWord(): ISlurmWord | null {
    return this._word;
  }

  get slurmPending(): boolean {
    return this._slurm.pending;
  }

  /** All that is asked for. */
  get resources(): Resources {
    const asked = withoutEmpty(getAt(this._values, ['recipe', 'resources']));
    return isObject(asked) ? asked : {};
  }

  /**
   * The same as a launch takes it: what it does not name stays as the kernel
   * has it, so what was emptied here is sent as null.
   */
  get request(): Resources {
    const emptied = Object.keys(this._saved).map(key => [key, null]);
    return { ...Object.fromEntries(emptied), ...this.resources };
  }

  get problems(): IProblem[] {
    const own = checkRequest(this.resources, this.inventory.data, this._trans);
    const known = new Set(own.map(({ path }) => path.join()));
    const told = this._told.filter(({ path }) => !known.has(path.join()));
    const placed = [...own, ...told].map(problem => ({
      ...problem,
      path: ['recipe', ...problem.path]
    }));
    return [...numberFaults(this._values, this.specs, this._trans), ...placed];
  }

  problemsAt(path: Path): IProblem[] {
    return this.problems.filter(one => one.path.join() === path.join());
  }

  set(path: Path, value: JSONValue | undefined): void {
    this._values = setAt(this._values, path, value);
    this._slurm.cancel();
    this._word = null;
    this._told = [];
    this._changed.emit();
  }

  /** What keeps the request from being tried; null before that is tried. */
  get refused(): IProblem | null {
    return this._tried ? (this._error ?? null) : null;
  }

  /** Whether it may be launched; if not, the focus goes to what is wrong. */
  attempt(): boolean {
    const error = this._error;
    this._tried = true;
    this._changed.emit();
    if (error) {
      this._focusRequested.emit({ path: error.path });
    }
    return !error;
  }

  askSlurm(): void {
    this._word = null;
    // It may say otherwise now: limits of users and accounts come and go.
    this._told = [];
    // What is wrong at a glance is shown at its field.
    if (this.problems.length === 0) {
      this._slurm.ask();
    }
    this._changed.emit();
  }

  refreshInventory(): void {
    void this.inventory.renew();
  }

  private get _error(): IProblem | undefined {
    return this.problems.find(({ severity }) => severity === 'error');
  }

  private _draft() {
    const recipe = { name: this._kernel, resources: this.resources };
    return { recipe, options: { on_slurm: true } };
  }

  private _take({ problems, words, estimate, now }: IValidation): void {
    this._told = problems.filter(({ path }) => path[0] === 'resources');
    const error = this._told.find(({ severity }) => severity === 'error');
    this._word = { words, estimate, now, error: error?.message ?? '' };
    this._changed.emit();
  }

  private _say(error: string): void {
    this._word = { words: '', estimate: null, now: 0, error };
    this._changed.emit();
  }

  private readonly _slurm: Latest<IValidation>;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _focusRequested = new Signal<this, IFocusRequest>(this);
  private _values: JSONObject;
  private _told: IProblem[] = [];
  private _word: ISlurmWord | null = null;
  private _tried = false;
}
