import type { INode } from '../../api';
import { gpuCounts } from '../gpucounts';
import { partition } from './schemas';

function node(name: string, partitions: string[], free: number): INode {
  const gpus = [{ kind: 'a100', total: 4, free, per_node: 4 }];
  return { name, partitions, gpus };
}

const NODES = [
  node('g1', ['gpu', 'short'], 3),
  node('g2', ['gpu', 'short', 'long'], 1),
  node('g3', ['long'], 4),
  { name: 'c1', partitions: ['cpu', 'short'], gpus: [] }
];
const [gpu, short, long, cpu] = ['gpu', 'short', 'long', 'cpu'].map(name =>
  partition({ name })
);

it.each([
  ['one partition', [gpu], { free: 4, total: 8 }],
  ['partitions of the same nodes', [gpu, short], { free: 4, total: 8 }],
  ['partitions that share some', [gpu, long], { free: 8, total: 12 }],
  ['all of them', [gpu, short, long, cpu], { free: 8, total: 12 }]
])('GPUs of %s are counted by node', (_, chosen, expected) => {
  expect([...gpuCounts(NODES, chosen)]).toEqual([['a100', expected]]);
});

it('tells kinds apart, and has nothing of a partition without GPUs', () => {
  const mixed = {
    ...NODES[0],
    gpus: [...NODES[0].gpus, { kind: 'v100', total: 2, free: 2, per_node: 2 }]
  };
  expect(gpuCounts([mixed], [gpu]).get('v100')).toEqual({ free: 2, total: 2 });
  expect(gpuCounts(NODES, [cpu]).size).toBe(0);
});
