/** Which kernels are listed, and under which headings. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IKernel } from '../api';

export type GroupBy = 'state' | 'software' | 'none';

export interface IGroup {
  id: string;
  title: string;
  kernels: IKernel[];
}

/** A line of the list: the heading of a group, or a kernel. */
export type Line =
  | { kind: 'head'; key: string; group: IGroup; open: boolean }
  | { kind: 'kernel'; key: string; kernel: IKernel };

/** Those in which all words of the query occur. */
export function searchKernels(kernels: IKernel[], query: string): IKernel[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return kernels;
  }
  return kernels.filter(kernel => {
    const text = [
      kernel.display_name,
      kernel.name,
      kernel.identity,
      kernel.language,
      kernel.description,
      ...kernel.layers
    ]
      .join('\n')
      .toLowerCase();
    return words.every(word => text.includes(word));
  });
}

export function groupKernels(
  kernels: IKernel[],
  by: GroupBy,
  trans: TranslationBundle
): IGroup[] {
  const sorted = [...kernels].sort(byName);
  if (by === 'none') {
    return [{ id: 'all', title: trans.__('All kernels'), kernels: sorted }];
  }
  const other = {
    id: 'other',
    title: trans.__('Other kernels'),
    kernels: sorted.filter(kernel => !kernel.managed)
  };
  const managed = sorted.filter(kernel => kernel.managed);
  const groups =
    by === 'state' ? byState(managed, trans) : bySoftware(managed, trans);
  return [...groups, other].filter(group => group.kernels.length > 0);
}

/** The lines of the list; a search opens every group. */
export function linesOf(
  groups: IGroup[],
  closed: ReadonlySet<string>,
  searching: boolean
): Line[] {
  const headed = groups.length > 1;
  return groups.flatMap(group => {
    const open = searching || !headed || !closed.has(group.id);
    const head: Line[] = headed
      ? [{ kind: 'head', key: `group ${group.id}`, group, open }]
      : [];
    const kernels: Line[] = open
      ? group.kernels.map(kernel => ({
          kind: 'kernel',
          key: kernel.path || kernel.name,
          kernel
        }))
      : [];
    return [...head, ...kernels];
  });
}

function byState(kernels: IKernel[], trans: TranslationBundle): IGroup[] {
  return [
    {
      id: 'attention',
      title: trans.__('Needs attention'),
      kernels: kernels.filter(kernel => kernel.state !== 'ready')
    },
    {
      id: 'ready',
      title: trans.__('Ready'),
      kernels: kernels.filter(kernel => kernel.state === 'ready')
    }
  ];
}

function bySoftware(kernels: IKernel[], trans: TranslationBundle): IGroup[] {
  const groups = new Map<string, IGroup>();
  for (const kernel of kernels) {
    const software =
      kernel.identity.split('/')[0] || trans.__('Without a name');
    const group = groups.get(software) ?? {
      id: `software ${software}`,
      title: software,
      kernels: []
    };
    group.kernels.push(kernel);
    groups.set(software, group);
  }
  return [...groups.values()].sort((a, b) => NAMES.compare(a.title, b.title));
}

/** One for all comparisons: making it is what takes time. */
const NAMES = new Intl.Collator(undefined, { numeric: true });

function byName(a: IKernel, b: IKernel): number {
  return NAMES.compare(a.display_name, b.display_name);
}
