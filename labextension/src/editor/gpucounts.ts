import type { INode, IPartition } from '../api';

export interface ICount {
  free: number;
  total: number;
}

/**
 * The GPUs of each kind in `partitions` together.
 *
 * They are counted by node: partitions may share nodes, and those of one node
 * are there once.
 */
export function gpuCounts(
  nodes: readonly INode[],
  partitions: readonly IPartition[]
): Map<string, ICount> {
  const names = new Set(partitions.map(({ name }) => name));
  const found = new Map<string, ICount>();
  for (const node of nodes) {
    if (node.partitions.some(name => names.has(name))) {
      for (const { kind, free, total } of node.gpus) {
        const sum = found.get(kind) ?? { free: 0, total: 0 };
        found.set(kind, { free: sum.free + free, total: sum.total + total });
      }
    }
  }
  return found;
}
