/** Slurm's ways to write times, memory and GPUs. */

/** What sbatch takes as a time limit, as `slurm/argv.py` has it. */
const TIME =
  /^([0-9]{1,9}|[0-9]{1,6}(:[0-9]{1,2}){1,2}|[0-9]{1,6}-[0-9]{1,2}(:[0-9]{1,2}){0,2}|UNLIMITED|INFINITE)$/;
const MEMORY = /^([0-9]{1,15})([KMGT]?)$/;

export function isTime(text: string): boolean {
  return TIME.test(text);
}

export function isMemory(text: string): boolean {
  return MEMORY.test(text);
}

/**
 * Seconds; null for no limit, or for what is no duration.
 *
 * A bare number is minutes; `M:S`, `H:M:S`, `D-H`, `D-H:M` and `D-H:M:S`.
 */
export function seconds(text: string): number | null {
  if (!TIME.test(text) || !/^[0-9]/.test(text)) {
    return null;
  }
  const [days, clock] = text.includes('-') ? text.split('-') : [null, text];
  const numbers = clock.split(':').map(Number);
  const [a, b = 0, c = 0] = numbers;
  if (days !== null) {
    return Number(days) * 86400 + a * 3600 + b * 60 + c;
  }
  return numbers.length === 3 ? a * 3600 + b * 60 + c : a * 60 + b;
}

/** `2:00:00` or `1-00:00:00`, as Slurm writes and reads it. */
export function timeText(whole: number): string {
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = pad(Math.floor((whole % 3600) / 60));
  const rest = pad(whole % 60);
  return days
    ? `${days}-${pad(hours)}:${minutes}:${rest}`
    : `${hours}:${minutes}:${rest}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

const MEGABYTES: Record<string, number> = {
  K: 1 / 1024,
  '': 1,
  M: 1,
  G: 1024,
  T: 1024 * 1024
};

/** Megabytes in `16G`; a bare number is megabytes. */
export function megabytes(text: string): number | null {
  const found = MEMORY.exec(text);
  return found ? Math.floor(Number(found[1]) * MEGABYTES[found[2]]) : null;
}

/** `16G` where it is whole, else megabytes: what Slurm reads back. */
export function memoryText(megabytes: number): string {
  return megabytes >= 1024 && megabytes % 1024 === 0
    ? `${megabytes / 1024}G`
    : `${megabytes}M`;
}

export interface IGpus {
  /** Empty for any type. */
  kind: string;
  count: number;
}

/** One kind of GPU in a `gres` text; null for whatever else it may say. */
export function gpus(text: string): IGpus | null {
  const found = /^gpu(?::([A-Za-z][A-Za-z0-9_.-]*))?(?::([0-9]{1,6}))?$/.exec(
    text
  );
  return found ? { kind: found[1] ?? '', count: Number(found[2] ?? 1) } : null;
}

export function gresText({ kind, count }: IGpus): string {
  return kind ? `gpu:${kind}:${count}` : `gpu:${count}`;
}
