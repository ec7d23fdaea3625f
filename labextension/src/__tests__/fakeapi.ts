/** A server in memory, for tests: what it is asked is recorded, what it says is set. */
import {
  ApiError,
  type ICatalog,
  type IKernel,
  type IKernelkitApi,
  type IOffer,
  type IRun,
  type ITask
} from '../api';

export function kernel(changes: Partial<IKernel> = {}): IKernel {
  return {
    name: 'pytorch-2.7.1',
    display_name: 'PyTorch 2.7.1',
    identity: 'pytorch/2.7.1',
    language: 'python',
    path: `/home/me/.local/share/jupyter/kernels/${changes.name ?? 'pytorch-2.7.1'}`,
    managed: true,
    state: 'ready',
    reasons: [],
    description: 'PyTorch with CUDA.',
    logo: false,
    on_slurm: false,
    resources: null,
    layers: ['modules cuda/12.6'],
    scope: 'user',
    modified: 1_700_000_000,
    former: null,
    ...changes
  };
}

export function offer(changes: Partial<IOffer> = {}): IOffer {
  return {
    identity: 'pytorch/2.7.1',
    name: 'pytorch',
    version: '2.7.1',
    kind: 'recipe',
    display_name: 'PyTorch 2.7.1',
    description: 'PyTorch with CUDA.',
    default: false,
    path: '/site/kernels/pytorch/2.7.1.toml',
    installed: null,
    installed_state: null,
    source: '/site/kernels',
    verified: null,
    install: 'pytorch/2.7.1',
    missing: [],
    needs: [],
    ...changes
  };
}

export function task(changes: Partial<ITask> = {}): ITask {
  return {
    id: 'task-1',
    serial: 1,
    started: 1_700_000_000,
    kind: 'install',
    kernel: 'pytorch-2.7.1',
    title: 'Installing PyTorch 2.7.1',
    state: 'running',
    steps: [],
    error: null,
    result: null,
    ...changes
  };
}

export function catalogOf(
  items: IOffer[],
  changes: Partial<ICatalog> = {}
): ICatalog {
  return {
    items,
    total: items.length,
    counts: { recipe: items.length },
    taken: 1_700_000_000,
    reading: false,
    outdated: false,
    problems: [],
    ...changes
  };
}

export function refusal(message: string, status = 503): ApiError {
  return new ApiError({ code: 'test', message, hint: 'Do this.' }, status);
}

export interface IFakeServer {
  kernels: IKernel[];
  runs: IRun[];
  tasks: ITask[];
  catalog: ICatalog;
  /** Thrown by every request while it is set. */
  down: ApiError | null;
}

export class FakeApi {
  constructor(server: Partial<IFakeServer> = {}) {
    this.server = {
      kernels: [],
      runs: [],
      tasks: [],
      catalog: catalogOf([]),
      down: null,
      ...server
    };
  }

  readonly server: IFakeServer;

  /** The requests, as `name(argument, …)`. */
  readonly asked: string[] = [];

  /** As what components are given; a request that is not made here fails. */
  get api(): IKernelkitApi {
    return new Proxy(this.answers, {
      get:
        (answers, name: string) =>
        async (...args: unknown[]) => {
          this.asked.push(`${name}(${args.map(spelled).join(', ')})`);
          if (this.server.down) {
            throw this.server.down;
          }
          const answer = answers[name];
          if (!answer) {
            throw new Error(`The fake server has no answer to ${name}.`);
          }
          return answer(...args);
        }
    }) as unknown as IKernelkitApi;
  }

  /** More answers, or others, are put here by a test. */
  readonly answers: Record<string, (...args: any[]) => unknown> = {
    status: () => ({
      version: '0.1.0',
      slurm: true,
      module_system: 'lmod',
      runtime: null,
      first_run: !this.server.kernels.some(one => one.managed),
      problems: []
    }),
    kernels: () => ({ kernels: [...this.server.kernels], taken: 0 }),
    jobs: () => ({
      runs: [...this.server.runs],
      jobs_idle: [],
      jobs_without_run: [],
      unknown_since: null,
      problems: [],
      taken: 0
    }),
    tasks: () => [...this.server.tasks],
    task: (id: string) => this.server.tasks.find(one => one.id === id),
    cancelTask: () => undefined,
    catalog: () => this.server.catalog
  };
}

function spelled(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
