/**
 * The types of the server's answers, as `kernelkit/server` writes them.
 *
 * Keys are the wire's own. Times are seconds since the epoch.
 */
import type { JSONObject } from '@lumino/coreutils';

/** What a failed request or task carries. */
export interface IErrorInfo {
  code: string;
  message: string;
  hint: string;
  value?: string;
  field?: string;
  transient?: boolean;
}

export interface IStatus {
  version: string;
  slurm: boolean;
  module_system: 'lmod' | 'environment-modules' | null;
  runtime: string | null;
  first_run: boolean;
  problems: string[];
}

export type KernelState =
  'ready' | 'stale' | 'broken' | 'shadowed' | 'unmanaged';

export type Scope = 'user' | 'project' | 'sys-prefix' | 'system';

/** A Slurm request; the schema of `kernelkit/schema` describes its keys. */
export type Resources = JSONObject;

/** A recipe; the schema of `kernelkit/schema` describes its keys. */
export type Recipe = JSONObject;

export interface IKernel {
  name: string;
  display_name: string;
  identity: string;
  language: string;
  path: string;
  managed: boolean;
  state: KernelState;
  reasons: string[];
  description: string;
  logo: boolean;
  on_slurm: boolean;
  resources: Resources | null;
  layers: string[];
  scope: Scope;
  modified: number;
}

export interface ILayerRecord {
  layer: string;
  source: string;
  changes: { variable: string; kind: string; value: string }[];
}

export interface IKernelFiles {
  'kernel.json': string;
  'launch.sh': string;
}

export interface IKernelDetail extends IKernel {
  recipe: Recipe;
  options: IOptions;
  fingerprint: string;
  provenance: JSONObject;
  layer_records: ILayerRecord[];
  files: IKernelFiles;
  sbatch: string | null;
  troubleshoot: string;
}

/** How a recipe is installed; Slurm's request stands in `recipe.resources`. */
export interface IOptions {
  as_name?: string;
  display_name?: string;
  scope: 'user' | 'project' | 'sys-prefix';
  packages?: string;
  on_slurm: boolean;
  portable: boolean;
  keep: boolean;
  lease?: number;
  in_job?: string;
  gpus?: string;
  no_test: boolean;
  test_on_slurm?: boolean;
}

export type OfferKind =
  'recipe' | 'module' | 'image' | 'conda' | 'venv' | 'kernelspec';

export interface IOffer {
  identity: string;
  name: string;
  version: string;
  kind: OfferKind;
  display_name: string;
  description: string;
  default: boolean;
  path: string;
  installed: string | null;
  installed_state: KernelState | null;
  source: string;
  verified: { against: string; on: string } | null;
  install: string;
}

export interface ICatalog {
  items: IOffer[];
  total: number;
  counts: Partial<Record<OfferKind, number>>;
  taken: number;
  problems: string[];
}

export interface IOfferInfo {
  offer: IOffer;
  layers: string[];
  troubleshoot: string;
  recipe: Recipe | null;
  module: {
    file: string;
    description: string;
    requires: string[][];
    conflicts: string[];
    family: string | null;
  } | null;
}

export interface IResolvedLoad {
  name: string;
  file: string;
  asked: boolean;
  description: string;
}

export interface IResolution {
  loads: IResolvedLoad[];
  swapped: [string, string][];
  problems: IProblem[];
}

export interface IFolder {
  path: string;
  parent: string | null;
  entries: {
    name: string;
    kind: 'folder' | 'image' | 'venv' | 'conda' | 'interpreter';
  }[];
}

export interface ISchemas {
  recipe: JSONObject;
  options: JSONObject;
  ui: JSONObject;
}

/** What is wrong with a draft, and where: `["resources", "time"]`. */
export interface IProblem {
  path: string[];
  message: string;
  hint: string;
  severity: 'error' | 'warning';
}

/** A file that a save would write; `diff` is unified, to the saved one. */
export interface IPreviewFile {
  text: string;
  diff: string;
}

export interface IPreview {
  files: { 'kernel.json': IPreviewFile; 'launch.sh': IPreviewFile };
  sbatch: IPreviewFile | null;
  problems: IProblem[];
}

export interface IValidation {
  problems: IProblem[];
  estimate: number | null;
  words: string;
}

/** What a form sends for a preview, an install or an edit. */
export interface IDraft {
  source?: string;
  recipe?: Recipe;
  options: IOptions;
  /** The kernel that is edited. */
  kernel?: string;
}

/** Partitions, GPUs, accounts and QOS that this user may ask for. */
export type Inventory = JSONObject & { problems: string[] };

export interface ILaunchRequest {
  path?: string;
  name?: string;
  type?: 'notebook' | 'console';
  resources?: Resources;
  in_job?: string;
  keep?: boolean;
}

export interface IPackages {
  dir: string | null;
  distributions: { name: string; version: string }[];
  problems: string[];
}

export interface IPackagesChange {
  install?: string[];
  uninstall?: string[];
  rollback?: true;
}

export type RunState =
  'new' | 'queued' | 'starting' | 'running' | 'exited' | 'ended' | 'unknown';

export interface IRunEnd {
  code: string;
  words: string;
  log_tail: string;
}

export interface IRun {
  run: string;
  kernel: string;
  kernel_id: string | null;
  display_name: string;
  job: string | null;
  state: RunState;
  /** The scheduler's reason, in words. */
  reason: string;
  state_since?: number;
  node: string;
  gpus: string;
  gres: string;
  partition: string;
  created: number;
  expected_start: number | null;
  started: number | null;
  /** When the time limit ends it. */
  ends: number | null;
  seconds_left: number | null;
  /** The strongest warning that is due, in minutes before the end. */
  warning: '' | '10' | '3' | '1';
  /** Whether this server holds it. */
  mine: boolean;
  attachable: boolean;
  keep: boolean;
  lease: number | null;
  end: IRunEnd | null;
  resources: Resources | null;
}

/** A job of this user that no run belongs to. */
export type Job = JSONObject;

export interface IJobs {
  runs: IRun[];
  jobs_without_run: Job[];
  /** Since when the scheduler does not answer. */
  unknown_since: number | null;
  problems: string[];
  taken: number;
}

export interface IRunLog {
  text: string;
  truncated: boolean;
  phase: string;
}

export type TaskKind = 'install' | 'edit' | 'test' | 'adopt' | 'packages';
export type TaskState = 'running' | 'done' | 'failed' | 'cancelled';

export interface IStep {
  name: string;
  state: 'running' | 'done' | 'failed';
  detail: string;
}

export interface ITask {
  id: string;
  kind: TaskKind;
  kernel: string;
  title: string;
  state: TaskState;
  steps: IStep[];
  error: IErrorInfo | null;
  result: { name: string } | null;
}

/** What the server says on its event channel. */
export namespace Events {
  const BASE = 'https://kernelkit.readthedocs.io/events';
  export const RUN = `${BASE}/run/v1`;
  export const KERNELS = `${BASE}/kernels/v1`;
  export const TASK = `${BASE}/task/v1`;

  export interface IRunEvent {
    serial: number;
    run: IRun;
    previous_state: RunState;
    warning: IRun['warning'];
  }

  export interface IKernelsEvent {
    serial: number;
    action: 'installed' | 'changed' | 'removed' | 'renamed';
    name: string;
  }

  export type ITaskEvent = ITask & { serial: number };
}
