import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { FakeApi } from '../../__tests__/fakeapi';
import { trans } from '../../__tests__/rendering';
import type { IInventory } from '../../api';
import { FormContext } from '../context';
import { FieldSpecs } from '../fieldspec';
import { LaunchModel } from '../launchmodel';
import { SlurmFields } from '../slurmfields';
import { at } from '../slurminputs';
import { textAt } from '../tree';
import { inventory, schemas } from './schemas';

const user = userEvent.setup();

/** A form whose inventory comes when `answer` is called. */
function slow() {
  const fake = new FakeApi();
  let come: (found: IInventory) => void = () => undefined;
  fake.answers.inventory = () =>
    new Promise<IInventory>(resolve => (come = resolve));
  const specs = new FieldSpecs(schemas, trans);
  const model = new LaunchModel(fake.api, specs, 'torch', {}, trans);
  render(
    <FormContext.Provider value={{ model, trans, prefix: 'kk' }}>
      <SlurmFields />
    </FormContext.Provider>
  );
  return {
    answer: () => act(async () => come(inventory())),
    value: () => textAt(model.values, at('partition'))
  };
}

const partition = () => screen.getByLabelText(/^partition/);

it('a partition is not cut off in the middle by the list of them', async () => {
  const { answer, value } = slow();
  await user.type(partition(), 'g');
  await answer();
  await user.keyboard('pu');
  expect(value()).toBe('gpu');
  await user.tab();
  expect(partition().tagName).toBe('SELECT');
  expect((partition() as HTMLSelectElement).value).toBe('gpu');
});

it('a field that only has the focus becomes the list at once', async () => {
  const { answer } = slow();
  await user.click(partition());
  await answer();
  expect(partition().tagName).toBe('SELECT');
});
