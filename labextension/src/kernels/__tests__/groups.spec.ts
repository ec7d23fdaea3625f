import { nullTranslator } from '@jupyterlab/translation';

import { kernel } from '../../__tests__/fakeapi';
import { groupKernels, linesOf, searchKernels } from '../groups';

const trans = nullTranslator.load('kernelkit');

const KERNELS = [
  kernel({ name: 'b', display_name: 'Torch 10', state: 'stale' }),
  kernel({ name: 'a', display_name: 'Torch 9' }),
  kernel({
    name: 'r',
    display_name: 'R',
    identity: 'r/4.2',
    language: 'R',
    description: '',
    layers: []
  }),
  kernel({
    name: 'python3',
    display_name: 'Python 3',
    managed: false,
    state: 'unmanaged',
    identity: '',
    description: '',
    layers: []
  })
];

describe('searchKernels', () => {
  it('finds what has all words, wherever they stand', () => {
    const found = searchKernels(KERNELS, '  CUDA torch ');
    expect(found.map(one => one.name)).toEqual(['b', 'a']);
  });

  it('finds everything without words', () => {
    expect(searchKernels(KERNELS, ' ')).toHaveLength(4);
  });
});

describe('groupKernels', () => {
  it('puts what needs attention first and the others last', () => {
    const groups = groupKernels(KERNELS, 'state', trans);
    expect(groups.map(group => group.kernels.map(one => one.name))).toEqual([
      ['b'],
      ['r', 'a'],
      ['python3']
    ]);
  });

  it('groups by software, numbers in their order', () => {
    const groups = groupKernels(KERNELS, 'software', trans);
    expect(groups.map(group => group.title)).toEqual([
      'pytorch',
      'r',
      'Other kernels'
    ]);
    expect(groups[0].kernels.map(one => one.display_name)).toEqual([
      'Torch 9',
      'Torch 10'
    ]);
  });
});

describe('linesOf', () => {
  const groups = groupKernels(KERNELS, 'state', trans);

  it('leaves out the kernels of a closed group, but not while searching', () => {
    const closed = new Set(['ready']);
    expect(linesOf(groups, closed, false)).toHaveLength(3 + 2);
    expect(linesOf(groups, closed, true)).toHaveLength(3 + 4);
  });

  it('has no heading for a single group', () => {
    const lines = linesOf(
      groupKernels(KERNELS, 'none', trans),
      new Set(),
      false
    );
    expect(lines.map(line => line.kind)).toEqual(Array(4).fill('kernel'));
  });
});
