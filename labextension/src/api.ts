/** The REST interface of `kernelkit/server`, and nothing that draws. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import type {
  ICatalog,
  IDifference,
  IDraft,
  IErrorInfo,
  IFolder,
  IInventory,
  IJobs,
  IKernel,
  IKernelDetail,
  ILaunchRequest,
  IOfferInfo,
  IOptions,
  IPackages,
  IPackagesChange,
  IPreview,
  IResolution,
  IRolledBack,
  IRunLog,
  ISchemas,
  IStartedKernel,
  IStatus,
  ITask,
  IValidation,
  OfferKind,
  Recipe
} from './contract';

export * from './contract';

/** A request that the server refused or that never reached it. */
export class ApiError extends Error {
  constructor(
    readonly info: IErrorInfo,
    /** The HTTP status; 0 where the server did not answer. */
    readonly status: number
  ) {
    super(info.message);
    this.name = 'ApiError';
  }

  get hint(): string {
    return this.info.hint;
  }

  /** What was thrown, as one of these: anything else is a mistake of ours. */
  static of(error: unknown): ApiError {
    return error instanceof ApiError
      ? error
      : new ApiError({ code: 'bug', message: String(error), hint: '' }, 0);
  }
}

/** A search of the catalog. */
export interface ICatalogQuery {
  q?: string;
  kind?: OfferKind;
  limit?: number;
  offset?: number;
  refresh?: boolean;
}

/** What components are given, so that a test injects its own. */
export interface IKernelkitApi {
  status(): Promise<IStatus>;
  kernels(): Promise<{ kernels: IKernel[]; taken: number }>;
  kernel(name: string): Promise<IKernelDetail>;
  install(draft: IDraft): Promise<ITask>;
  edit(
    name: string,
    recipe: Recipe,
    options: IOptions,
    fingerprint: string
  ): Promise<ITask>;
  clone(name: string, to: string, displayName?: string): Promise<IKernel>;
  rename(
    name: string,
    changes: { name?: string; display_name?: string }
  ): Promise<IKernel>;
  test(name: string, onSlurm?: boolean): Promise<ITask>;
  /** In its place, or under another name beside it. */
  adopt(
    name: string,
    changes?: { name?: string; display_name?: string }
  ): Promise<ITask>;
  /** What an upgrade would change; takes as long as a preview. */
  diff(name: string, signal?: AbortSignal): Promise<IDifference>;
  /** `force` where files were edited by hand, which it undoes. */
  upgrade(name: string, fingerprint: string, force: boolean): Promise<ITask>;
  rollback(name: string): Promise<IRolledBack>;
  launch(name: string, request: ILaunchRequest): Promise<string>;
  remove(name: string): Promise<void>;
  exportRecipe(name: string): Promise<{ filename: string; text: string }>;
  packages(name: string): Promise<IPackages>;
  changePackages(name: string, change: IPackagesChange): Promise<ITask>;
  catalog(query: ICatalogQuery): Promise<ICatalog>;
  /** All modules, those too that a recipe of the same identity stands for. */
  modules(query: ICatalogQuery): Promise<ICatalog>;
  offerInfo(identity: string): Promise<IOfferInfo>;
  resolveModules(
    load: string[],
    use?: string[],
    baseline?: string,
    collection?: string
  ): Promise<IResolution>;
  folders(path: string): Promise<IFolder>;
  schema(): Promise<ISchemas>;
  preview(draft: IDraft, signal?: AbortSignal): Promise<IPreview>;
  validate(
    draft: IDraft,
    slurm?: boolean,
    signal?: AbortSignal
  ): Promise<IValidation>;
  inventory(refresh?: boolean): Promise<IInventory>;
  /** With `all`, what has ended of other servers' runs, too. */
  jobs(all?: boolean): Promise<IJobs>;
  runLog(run: string): Promise<IRunLog>;
  cancelRun(run: string): Promise<void>;
  attachRun(run: string): Promise<IStartedKernel>;
  moreTime(run: string, time?: string): Promise<IStartedKernel>;
  tasks(): Promise<ITask[]>;
  task(id: string): Promise<ITask>;
  cancelTask(id: string): Promise<void>;
}

/** The interface over JupyterLab's own connection: its token, its base URL. */
export class KernelkitApi implements IKernelkitApi {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  status(): Promise<IStatus> {
    return this._get('status');
  }

  kernels(): Promise<{ kernels: IKernel[]; taken: number }> {
    return this._get('kernels');
  }

  kernel(name: string): Promise<IKernelDetail> {
    return this._get(at('kernels', name));
  }

  install(draft: IDraft): Promise<ITask> {
    return this._task('POST', 'kernels', draft);
  }

  edit(
    name: string,
    recipe: Recipe,
    options: IOptions,
    fingerprint: string
  ): Promise<ITask> {
    const body = { recipe, options, fingerprint };
    return this._task('PUT', at('kernels', name), body);
  }

  clone(name: string, to: string, displayName?: string): Promise<IKernel> {
    const body = { name: to, display_name: displayName };
    return this._send('POST', at('kernels', name, 'clone'), body);
  }

  rename(
    name: string,
    changes: { name?: string; display_name?: string }
  ): Promise<IKernel> {
    return this._send('POST', at('kernels', name, 'rename'), changes);
  }

  test(name: string, onSlurm?: boolean): Promise<ITask> {
    return this._task('POST', at('kernels', name, 'test'), {
      on_slurm: onSlurm
    });
  }

  adopt(
    name: string,
    changes: { name?: string; display_name?: string } = {}
  ): Promise<ITask> {
    return this._task('POST', at('kernels', name, 'adopt'), changes);
  }

  diff(name: string, signal?: AbortSignal): Promise<IDifference> {
    return this._get(at('kernels', name, 'diff'), {}, signal);
  }

  upgrade(name: string, fingerprint: string, force: boolean): Promise<ITask> {
    const body = { fingerprint, force };
    return this._task('POST', at('kernels', name, 'upgrade'), body);
  }

  rollback(name: string): Promise<IRolledBack> {
    return this._send('POST', at('kernels', name, 'rollback'), {});
  }

  async launch(name: string, request: ILaunchRequest): Promise<string> {
    const path = at('kernels', name, 'launch');
    const answer = await this._send<{ kernel_id: string }>(
      'POST',
      path,
      request
    );
    return answer.kernel_id;
  }

  remove(name: string): Promise<void> {
    return this._send('DELETE', at('kernels', name));
  }

  exportRecipe(name: string): Promise<{ filename: string; text: string }> {
    return this._get(at('kernels', name, 'export'));
  }

  packages(name: string): Promise<IPackages> {
    return this._get(at('kernels', name, 'packages'));
  }

  changePackages(name: string, change: IPackagesChange): Promise<ITask> {
    return this._task('POST', at('kernels', name, 'packages'), change);
  }

  catalog(query: ICatalogQuery): Promise<ICatalog> {
    return this._get('catalog', asQuery(query));
  }

  modules(query: ICatalogQuery): Promise<ICatalog> {
    return this._get('modules', asQuery(query));
  }

  offerInfo(identity: string): Promise<IOfferInfo> {
    return this._get('catalog/info', { id: identity });
  }

  resolveModules(
    load: string[],
    use?: string[],
    baseline?: string,
    collection?: string
  ): Promise<IResolution> {
    const body = { load, use, baseline, collection };
    return this._send('POST', 'modules/resolve', body);
  }

  folders(path: string): Promise<IFolder> {
    return this._get('folders', { path });
  }

  schema(): Promise<ISchemas> {
    return this._get('schema');
  }

  preview(draft: IDraft, signal?: AbortSignal): Promise<IPreview> {
    return this._send('POST', 'preview', draft, signal);
  }

  validate(
    draft: IDraft,
    slurm = false,
    signal?: AbortSignal
  ): Promise<IValidation> {
    const { source, recipe, resources, options } = draft;
    const body = { source, recipe, resources, options, slurm };
    return this._send('POST', 'validate', body, signal);
  }

  inventory(refresh?: boolean): Promise<IInventory> {
    return this._get('inventory', { refresh: refresh ? 1 : undefined });
  }

  jobs(all?: boolean): Promise<IJobs> {
    return this._get('jobs', { all: all ? 1 : undefined });
  }

  runLog(run: string): Promise<IRunLog> {
    return this._get(at('jobs', run, 'log'));
  }

  async cancelRun(run: string): Promise<void> {
    await this._send('POST', at('jobs', run, 'cancel'), {});
  }

  attachRun(run: string): Promise<IStartedKernel> {
    return this._send('POST', at('jobs', run, 'attach'), {});
  }

  moreTime(run: string, time?: string): Promise<IStartedKernel> {
    return this._send('POST', at('jobs', run, 'more-time'), { time });
  }

  async tasks(): Promise<ITask[]> {
    return (await this._get<{ tasks: ITask[] }>('tasks')).tasks;
  }

  task(id: string): Promise<ITask> {
    return this._get(at('tasks', id));
  }

  cancelTask(id: string): Promise<void> {
    return this._send('DELETE', at('tasks', id));
  }

  private _get<T>(
    path: string,
    query: Query = {},
    signal?: AbortSignal
  ): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value);
    const text = URLExt.objectToQueryString(Object.fromEntries(given));
    const init = { method: 'GET', signal };
    return this._request(path + (given.length ? text : ''), init);
  }

  private _send<T>(
    method: string,
    path: string,
    body?: object | JSONObject,
    signal?: AbortSignal
  ): Promise<T> {
    const init: RequestInit = { method, signal };
    if (body) {
      init.body = JSON.stringify(body);
      init.headers = { 'Content-Type': 'application/json' };
    }
    return this._request(path, init);
  }

  private async _task(
    method: string,
    path: string,
    body: object
  ): Promise<ITask> {
    return (await this._send<{ task: ITask }>(method, path, body)).task;
  }

  private async _request<T>(path: string, init: RequestInit): Promise<T> {
    const url = URLExt.join(this._settings.baseUrl, 'kernelkit', path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw new ApiError(unreachable(error), 0);
    }
    const text = await response.text();
    const data = parsed(text);
    if (!response.ok) {
      throw new ApiError(refusal(data, response), response.status);
    }
    return data as T;
  }
}

type Query = Record<string, string | number | undefined>;

function asQuery({ refresh, ...rest }: ICatalogQuery): Query {
  return { ...rest, refresh: refresh ? 1 : undefined };
}

/** A path below `kernelkit/` whose parts may hold any character. */
function at(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown): IErrorInfo {
  return {
    code: 'unreachable',
    message: 'The Jupyter server does not answer.',
    hint: error instanceof Error ? error.message : String(error),
    transient: true
  };
}

/** A proxy or an older server answers without our error: its status is told. */
function refusal(data: unknown, response: Response): IErrorInfo {
  const error = (data as { error?: IErrorInfo } | undefined)?.error;
  if (error && typeof error.message === 'string') {
    return error;
  }
  return {
    code: 'http',
    message: `The server answered ${response.status} ${response.statusText}.`,
    hint:
      response.status === 404
        ? 'Is the kernelkit server extension enabled? `jupyter server extension list` tells.'
        : '',
    transient: response.status >= 500
  };
}
