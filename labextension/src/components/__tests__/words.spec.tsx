import { render } from '@testing-library/react';
import React from 'react';

import { Words } from '../words';

function show(text: string): [string | null, (string | null)[]] {
  const { container } = render(<Words text={text} />);
  const codes = [...container.querySelectorAll('code')];
  return [container.textContent, codes.map(one => one.textContent)];
}

describe('Words', () => {
  it('shows what stands in backticks as code', () => {
    expect(show('Load `gcc`, then `mpi`.')).toEqual([
      'Load gcc, then mpi.',
      ['gcc', 'mpi']
    ]);
  });

  it('leaves a lone backtick, and is text whatever it holds', () => {
    expect(show('a ` b')).toEqual(['a ` b', []]);
    expect(show('`<b>`')).toEqual(['<b>', ['<b>']]);
  });
});
