/** The state of one editor: what is typed, what is wrong with it, its preview. */
import { JSONExt, type JSONObject, type JSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { TranslationBundle } from '@jupyterlab/translation';

import {
  ApiError,
  type IKernelkitApi,
  type IPreview,
  type IProblem,
  type IValidation
} from '../api';
import { asApiError } from './errors';
import type { FieldSpecs } from './fieldspec';
import {
  draftOf,
  fieldOf,
  missing,
  named,
  recipeOf,
  type EnvironmentKind,
  type IForm,
  type IOrigin,
  type Part
} from './form';
import type { IFocusRequest, IFormModel, ISlurmWord } from './formmodel';
import { InventoryResource } from './inventory';
import { Latest } from './latest';
import { numberFaults } from './numbers';
import { isObject, setAt, type Path } from './tree';
import { checkRequest } from './validate';

/** Stillness after which the server is asked, in ms. */
const VALIDATE_AFTER = 300;
const PREVIEW_AFTER = 800;

export class EditorModel implements IFormModel, IDisposable {
  constructor(options: EditorModel.IOptions) {
    this.api = options.api;
    this.specs = options.specs;
    this._trans = options.trans;
    this._origin = options.origin;
    this._form = options.form ?? options.origin.form;
    this.inventory = new InventoryResource(this.api);
    this.inventory.changed.connect(this._changed_, this);
    this._validate = new Latest({
      work: signal => this.api.validate(this.draft, false, signal),
      answered: answer => this._take(answer),
      failed: error => this._fail(error),
      delay: VALIDATE_AFTER
    });
    this._preview = new Latest({
      work: signal => this.api.preview(this.draft, signal),
      answered: answer => this._takePreview(answer),
      failed: error => this._fail(error),
      delay: PREVIEW_AFTER
    });
    this._slurm = new Latest({
      work: signal => this.api.validate(this.draft, true, signal),
      answered: answer => this._takeSlurm(answer),
      failed: error => this._takeSlurm(asApiError(error)),
      delay: 0
    });
    this._look();
  }

  readonly api: IKernelkitApi;
  readonly specs: FieldSpecs;
  readonly inventory: InventoryResource;

  get form(): IForm {
    return this._form;
  }

  get origin(): IOrigin {
    return this._origin;
  }

  get values(): JSONObject {
    return this._form as unknown as JSONObject;
  }

  get draft(): ReturnType<typeof draftOf> {
    return draftOf(this._form, this._origin);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get focusRequested(): ISignal<this, IFocusRequest> {
    return this._focusRequested;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether there is anything that closing would lose. */
  get dirty(): boolean {
    return !JSONExt.deepEqual(meant(this._form), meant(this._origin.form));
  }

  get missing(): Path[] {
    return missing(this._form);
  }

  /** The last preview; kept, and `previewPending`, while a newer is made. */
  get preview(): IPreview | null {
    return this._shown;
  }

  get previewPending(): boolean {
    return this._preview.pending;
  }

  /** Why the last check or preview was not answered. */
  get failure(): ApiError | null {
    return this._failure;
  }

  get slurmWord(): ISlurmWord | null {
    return this._slurmWord;
  }

  get slurmPending(): boolean {
    return this._slurm.pending;
  }

  /** All that is wrong, the form's field paths included; no doubles. */
  get problems(): IProblem[] {
    const told = [
      ...this._numberFaults(),
      ...this._requestProblems(),
      ...this._told,
      ...this._unmade,
      ...this._refused
    ];
    const seen = new Set<string>();
    return told.filter(({ path, message }) => {
      const key = JSON.stringify([path, message]);
      return !seen.has(key) && seen.add(key);
    });
  }

  problemsAt(path: Path): IProblem[] {
    const found = this.problems.filter(problem =>
      startsWith(problem.path, path)
    );
    if (this._tried && this.missing.some(one => one.join() === path.join())) {
      found.unshift({
        path: [...path],
        message: this._trans.__('This is needed.'),
        hint: '',
        severity: 'error'
      });
    }
    return found;
  }

  set(path: Path, value: JSONValue | undefined): void {
    let form = setAt(this.values, path, value) as unknown as IForm;
    const key = path.join('.');
    if (key === 'recipe.name' || key === 'recipe.version') {
      // Emptied, it follows the software again.
      form = { ...form, named: value !== undefined && value !== '' };
    }
    // What the server said of the field was said of its former value.
    this._told = this._told.filter(problem => !startsWith(problem.path, path));
    this._put(named(form));
  }

  togglePart(part: Part): void {
    const has = this._form.parts.includes(part);
    const parts = has
      ? this._form.parts.filter(other => other !== part)
      : [...this._form.parts, part];
    this._put(named({ ...this._form, parts }));
  }

  setEnvironment(environment: EnvironmentKind): void {
    this._put(named({ ...this._form, environment }));
  }

  /** Begin anew from `origin`, which the server just told. */
  rebase(origin: IOrigin, keepForm = false): void {
    this._origin = origin;
    this._tried = false;
    this._put(keepForm ? this._form : origin.form);
    // The differences are to what is saved now.
    this.retry();
  }

  /** A save is tried: what is missing is told from now on. */
  attempt(): boolean {
    this._tried = true;
    this._changed.emit();
    const first = this.missing[0] ?? this._errors()[0]?.path;
    if (first) {
      this.focus(first);
    }
    return !first;
  }

  /** What a failed save said, at its field where it has one. */
  refuse(problem: IProblem | null): void {
    this._refused = problem
      ? [{ ...problem, path: [...fieldOf(problem.path, this._form)] }]
      : [];
    this._changed.emit();
  }

  focus(path: Path): void {
    this._focusRequested.emit({ path });
  }

  askSlurm(): void {
    this._slurmWord = null;
    // What is wrong at a glance is shown at its field.
    if (this.missing.length === 0 && this._numberFaults().length === 0) {
      this._slurm.ask();
    }
    this._changed.emit();
  }

  refreshInventory(): void {
    void this.inventory.renew();
  }

  /** Check and preview anew, for instance after a failure. */
  retry(): void {
    this._look();
    this._changed.emit();
  }

  dispose(): void {
    this._isDisposed = true;
    this._validate.cancel();
    this._preview.cancel();
    this._slurm.cancel();
    Signal.clearData(this);
  }

  private _put(form: IForm): void {
    const before = this._asked;
    this._form = form;
    if (!JSONExt.deepEqual(before, this._asked)) {
      this._refused = [];
      this._slurmWord = null;
      this._slurm.cancel();
      this._current = false;
      this._look();
    }
    this._changed.emit();
  }

  /** What the answers of the server depend on. */
  private get _asked(): JSONObject {
    return {
      draft: this.draft,
      missing: this.missing
    } as unknown as JSONObject;
  }

  private _look(): void {
    this._failure = null;
    this._unmade = [];
    if (this._form.options.on_slurm && !this.inventory.data) {
      void this.inventory.refresh();
    }
    if (this.missing.length > 0 || this._numberFaults().length > 0) {
      this._validate.cancel();
      this._preview.cancel();
      this._shown = null;
      this._told = [];
      return;
    }
    this._validate.ask();
    this._preview.ask();
  }

  private _take(answer: IValidation): void {
    this._told = this._placed(answer.problems);
    this._current = true;
    this._changed.emit();
  }

  private _takePreview(answer: IPreview): void {
    this._shown = answer;
    this._unmade = this._placed(answer.problems);
    this._changed.emit();
  }

  private _takeSlurm(answer: IValidation | ApiError): void {
    if (answer instanceof ApiError) {
      const error = `${answer.message} ${answer.hint}`.trim();
      this._slurmWord = { words: '', estimate: null, now: 0, error };
    } else {
      this._take(answer);
      const error = answer.problems.find(one => one.severity === 'error');
      this._slurmWord = {
        words: answer.words,
        estimate: answer.estimate,
        now: answer.now,
        error: error?.message ?? ''
      };
    }
    this._changed.emit();
  }

  private _fail(error: unknown): void {
    this._failure = asApiError(error);
    this._changed.emit();
  }

  private _placed(problems: IProblem[]): IProblem[] {
    return problems.map(problem => ({
      ...problem,
      path: [...fieldOf(problem.path, this._form)]
    }));
  }

  /** Our own word on the request, until the server's on this very form. */
  private _requestProblems(): IProblem[] {
    if (this._current || !this._form.options.on_slurm) {
      return [];
    }
    const { resources } = recipeOf(this._form, this._origin);
    const asked = isObject(resources) ? resources : {};
    return this._placed(checkRequest(asked, this.inventory.data, this._trans));
  }

  private _numberFaults(): IProblem[] {
    return numberFaults(this.values, this.specs, this._trans);
  }

  /**
   * What keeps a save from being tried. What a preview or a former save met
   * does not: it may have passed, and the save itself tells.
   */
  private _errors(): IProblem[] {
    const told = this._current ? this._told : this._requestProblems();
    return [...this._numberFaults(), ...told].filter(
      ({ severity }) => severity === 'error'
    );
  }

  private _changed_(): void {
    this._changed.emit();
  }

  private readonly _trans: TranslationBundle;
  private readonly _validate: Latest<IValidation>;
  private readonly _preview: Latest<IPreview>;
  private readonly _slurm: Latest<IValidation>;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _focusRequested = new Signal<this, IFocusRequest>(this);
  private _origin: IOrigin;
  private _form: IForm;
  private _shown: IPreview | null = null;
  private _told: IProblem[] = [];
  /** What kept the preview from being made. */
  private _unmade: IProblem[] = [];
  private _refused: IProblem[] = [];
  private _failure: ApiError | null = null;
  private _slurmWord: ISlurmWord | null = null;
  /** Whether the server checked what stands in the form now. */
  private _current = false;
  private _tried = false;
  private _isDisposed = false;
}

export namespace EditorModel {
  export interface IOptions {
    api: IKernelkitApi;
    specs: FieldSpecs;
    trans: TranslationBundle;
    origin: IOrigin;
    /** What was typed before the page was loaded anew. */
    form?: IForm;
  }
}

function meant(form: IForm): JSONObject {
  const origin = { form, kernel: '-' };
  return { ...recipeOf(form, origin), options: { ...form.options } };
}

function startsWith(path: readonly string[], start: Path): boolean {
  return start.every((key, index) => path[index] === key);
}
