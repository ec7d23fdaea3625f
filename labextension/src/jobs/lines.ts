/** The lines of the Jobs panel, what needs the user first. */
import type { IJobs, IRun, IStrayJob } from '../api';

/**
 * `left`: what a former server left, to be attached. `present`: what waits or
 * runs, of this server or another. `idle`: jobs that wait for their next
 * kernel. `stray`: jobs that no run tells of.
 */
export type Group = 'left' | 'present' | 'idle' | 'stray' | 'ended';

export type Line =
  | { kind: 'head'; key: string; group: Group; count: number }
  | { kind: 'run'; key: string; run: IRun }
  | { kind: 'stray'; key: string; job: IStrayJob; idle: boolean };

const ORDER: Group[] = ['left', 'present', 'idle', 'stray', 'ended'];

/** Headings and rows that fit `text`; of `closed` groups the heading alone. */
export function linesOf(
  jobs: IJobs,
  text: string,
  closed: ReadonlySet<Group>
): Line[] {
  const groups = grouped(jobs, words(text));
  return ORDER.filter(group => groups[group].length > 0).flatMap(group => {
    const rows = groups[group];
    const head: Line = { kind: 'head', key: group, group, count: rows.length };
    return closed.has(group) ? [head] : [head, ...rows];
  });
}

function grouped(jobs: IJobs, wanted: string[]): Record<Group, Line[]> {
  const groups: Record<Group, Line[]> = {
    left: [],
    present: [],
    idle: [],
    stray: [],
    ended: []
  };
  const newestFirst = [...jobs.runs].sort((a, b) => b.created - a.created);
  for (const run of newestFirst) {
    const { display_name, kernel, job, node, state } = run;
    if (fits(wanted, display_name, kernel, job, node, state)) {
      groups[groupOf(run)].push({ kind: 'run', key: run.run, run });
    }
  }
  // Events tell of runs alone: a kernel may have come since the list was read.
  const open = jobs.runs.filter(({ state }) => state !== 'ended');
  const taken = new Set(open.map(({ job }) => job));
  const alone = (group: 'idle' | 'stray', found: IStrayJob[]) => {
    for (const job of found) {
      if (
        !taken.has(job.id) &&
        fits(wanted, job.id, job.name, job.node, job.state)
      ) {
        const idle = group === 'idle';
        groups[group].push({ kind: 'stray', key: `job-${job.id}`, job, idle });
      }
    }
  };
  alone('idle', jobs.jobs_idle);
  alone('stray', jobs.jobs_without_run);
  return groups;
}

function groupOf(run: IRun): Group {
  if (run.state === 'ended') {
    return 'ended';
  }
  return run.attachable ? 'left' : 'present';
}

function words(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

function fits(wanted: string[], ...texts: (string | null)[]): boolean {
  const where = texts.join(' ').toLowerCase();
  return wanted.every(word => where.includes(word));
}
