import { render } from '@testing-library/react';
import React from 'react';

import { VirtualList } from '../virtuallist';

const names = () => ['a', 'b', 'c'];

it('tells of its end again with every answer that leaves it in view', () => {
  let told = 0;
  const list = (items: string[]) => (
    <VirtualList
      label="Names"
      items={items}
      keyOf={name => name}
      estimate={() => 30}
      render={name => name}
      onEnd={() => told++}
    />
  );
  const items = names();
  const { rerender } = render(list(items));
  expect(told).toBe(1);
  rerender(list(items));
  expect(told).toBe(1);
  // As many as before, read again.
  rerender(list(names()));
  expect(told).toBe(2);
});
