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
  /** What a program printed; hints may speak of it as above them. */
  detail?: string;
  value?: string;
  field?: string;
  /** The step of an install that failed. */
  step?: string;
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
  /** The version that a rollback puts back; null where there is none. */
  former: { name: string; modified: number } | null;
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
  /** Null for what kernelkit did not make, as `options` and `provenance`. */
  recipe: Recipe | null;
  options: IOptions | null;
  /** The recipe was worked out: no record of it is there. */
  derived: boolean;
  fingerprint: string;
  provenance: JSONObject | null;
  layer_records: ILayerRecord[];
  files: IKernelFiles;
  sbatch: string | null;
  troubleshoot: string;
}

/** How a recipe is installed; Slurm's request stands in `recipe.resources`. */
export interface IOptions {
  as_name?: string;
  display_name?: string;
  scope: Scope;
  packages?: string;
  on_slurm: boolean;
  portable: boolean;
  keep: boolean;
  lease?: number;
  in_job?: string;
  gpus?: string;
  idle?: number;
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
  /** Modules that it needs and this machine does not have. */
  missing: string[];
  /** Combinations of modules of which one is loaded first. */
  needs: string[][];
}

export interface ICatalog {
  items: IOffer[];
  total: number;
  counts: Partial<Record<OfferKind, number>>;
  taken: number;
  /** The modules are read for the first time and are not all here yet. */
  reading: boolean;
  /** All are here as they were, and are read again just now. */
  outdated: boolean;
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
  /** What was asked for, and the full name that it stands for. */
  swapped: [string, string][];
  /** What the baseline loads, and the module that took it out. */
  taken_out: [string, string][];
  problems: IProblem[];
}

export interface IFolder {
  path: string;
  parent: string | null;
  entries: {
    name: string;
    kind: 'folder' | 'image' | 'venv' | 'conda' | 'interpreter' | 'recipe';
  }[];
  truncated: boolean;
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
  /** What a program printed, before the hint. */
  detail?: string;
  hint: string;
  severity: 'error' | 'warning';
}

/** A file that a save would write; `diff` is unified, to the saved one. */
export interface IPreviewFile {
  text: string;
  diff: string;
}

export interface IPreview {
  /** Empty where problems keep the kernel from being made. */
  files: Partial<Record<'kernel.json' | 'launch.sh', IPreviewFile>>;
  sbatch: IPreviewFile | null;
  problems: IProblem[];
}

export interface IValidation {
  problems: IProblem[];
  estimate: number | null;
  words: string;
  /** When this was answered, by the clock of `estimate`. */
  now: number;
}

/** What an upgrade would change. */
export interface IDifference extends IPreview {
  /** Files that were edited by hand, in words. */
  edited: string[];
  fingerprint: string;
}

export interface IRolledBack {
  kernel: IKernel;
  /** A rollback of this name undoes that one; empty where none would. */
  redo: string;
}

/** What a form sends for a preview, an install or an edit. */
export interface IDraft {
  source?: string;
  recipe?: Recipe;
  /** The request of a `source`; a recipe has its own. */
  resources?: Resources;
  options: Partial<IOptions>;
  /** Preview: the kernel that is edited. */
  kernel?: string;
  /** Install: take the place of a kernel of that name. */
  replace?: boolean;
}

export interface IGpuCount {
  /** Empty where the site names no type. */
  kind: string;
  total: number;
  free: number;
  per_node: number;
}

/** Memory is in MB, times in seconds; null is no limit, or not known. */
export interface IPartition {
  name: string;
  is_default: boolean;
  /** Slurm's word; all but `UP` start no jobs. */
  state: string;
  max_time: number | null;
  default_time: number | null;
  min_nodes: number;
  max_nodes: number | null;
  max_cpus_per_node: number | null;
  max_memory_per_node: number | null;
  /** Empty lists allow any. */
  accounts: string[];
  denied_accounts: string[];
  qos: string[];
  denied_qos: string[];
  needs_reservation: boolean;
  /** How many nodes are in which state. */
  nodes: Record<string, number>;
  cpus: number;
  cpus_idle: number;
  /** The largest node's. */
  node_cpus: number;
  node_memory: number;
  gpus: IGpuCount[];
  features: string[];
}

export interface INode {
  name: string;
  partitions: string[];
  gpus: IGpuCount[];
}

export interface IAssociation {
  account: string;
  partition: string;
  qos: string[] | null;
  default_qos: string;
  is_default: boolean;
  max_time: number | null;
}

export interface IQos {
  name: string;
  max_time: number | null;
}

export interface IReservation {
  name: string;
  state: string;
  start: number | null;
  end: number | null;
  is_ours: boolean;
}

/** What the cluster offers this user; a part that is not known is empty. */
export interface IInventory {
  taken: number;
  /** When this was answered, by the clock of `taken`. */
  now: number;
  cluster: string;
  partitions: IPartition[];
  nodes: INode[];
  associations: IAssociation[];
  qos: IQos[];
  reservations: IReservation[];
  problems: string[];
}

export interface ILaunchRequest {
  path?: string;
  name?: string;
  type?: 'notebook' | 'console';
  resources?: Resources;
  in_job?: string;
  /** Positions among the GPUs of that job. */
  gpus?: string;
  keep?: boolean;
}

export interface IStartedKernel {
  kernel_id: string;
  kernel_name: string;
  /** Its notebook, where it is known and still there; otherwise empty. */
  path: string;
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
  /** What to do next; empty where there is nothing to say. */
  advice: string;
  log_tail: string;
}

export interface IGpu {
  /** As the kernel counts: `cuda:0`. */
  number: number;
  name: string;
  /** Percent; null is what the driver does not tell, as below. */
  busy: number | null;
  /** In MB. */
  memory_used: number | null;
  memory_total: number | null;
}

export interface IGpuUse {
  measured: number;
  gpus: IGpu[];
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
  /** Grows with all news of its server's runs; 0 for runs of others. */
  serial: number;
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
  /** While Slurm does not answer: all else is then what was last known. */
  unknown_since: number | null;
  /** What is wrong with its files, and what to do; empty when nothing is. */
  trouble: string;
  /** The strongest warning that is due, in minutes before the end. */
  warning: '' | '10' | '3' | '1';
  /** Whether this server holds it. */
  mine: boolean;
  attachable: boolean;
  keep: boolean;
  lease: number | null;
  /** Whether its job then waits for another kernel, when this one ends. */
  job_stays: boolean;
  end: IRunEnd | null;
  /** Read with the list; an event may lack it. */
  gpu_use?: IGpuUse | null;
  resources: Resources | null;
}

/** A job of this user's kernels in which none runs. */
export interface IStrayJob {
  id: string;
  name: string;
  state: string;
  node: string;
  gres: string;
  /** When the time limit ends it. */
  ends: number | null;
}

export interface IJobs {
  runs: IRun[];
  /** They wait for their next kernel, as was asked. */
  jobs_idle: IStrayJob[];
  /** No run tells of them. */
  jobs_without_run: IStrayJob[];
  /** Since when the scheduler does not answer. */
  unknown_since: number | null;
  problems: string[];
  taken: number;
}

export interface IRunLog {
  text: string;
  truncated: boolean;
  phase: string;
  /** Which one it is: the log may be asked for by the name of a kernel. */
  run: string;
  job: string;
  display_name: string;
}

export type TaskKind =
  'install' | 'edit' | 'upgrade' | 'test' | 'adopt' | 'packages';
export type TaskState = 'running' | 'done' | 'failed' | 'cancelled';

export interface IStep {
  name: string;
  state: 'running' | 'done' | 'failed';
  detail: string;
}

export interface ITask {
  id: string;
  /** Grows with each change of any task: the larger one is the newer. */
  serial: number;
  /** When it began. */
  started: number;
  kind: TaskKind;
  kernel: string;
  title: string;
  state: TaskState;
  steps: IStep[];
  error: IErrorInfo | null;
  /** The kernel that came of it, and what its user should know. */
  result: { name: string; notices: string[] } | null;
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

  export type ITaskEvent = ITask;
}
