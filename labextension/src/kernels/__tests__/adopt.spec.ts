import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { FakeApi, kernel, refusal, task } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import { adopt, type IContext } from '../actions';

const user = userEvent.setup();
const fake = new FakeApi();
const model = modelOf(fake);
const context = { model, trans } as Partial<IContext> as IContext;

beforeEach(() => {
  fake.asked.length = 0;
  fake.answers.kernel = () => kernel({ name: 'mine', display_name: 'Mine' });
  fake.answers.adopt = () => task({ kind: 'adopt' });
});

afterAll(() => model.dispose());

// For jsdom, whatever is in a dialog is hidden.
const field = (name: string) =>
  screen.findByRole<HTMLInputElement>('textbox', { name, hidden: true });

const accept = async () =>
  user.click(
    await screen.findByRole('button', { name: 'Adopt', hidden: true })
  );

describe('adopt', () => {
  it('takes the place of the hand-made kernel under its own name', async () => {
    const done = adopt(context, 'mine');
    expect((await field('Name')).value).toBe('mine');
    await accept();
    await done;
    expect(fake.asked).toContain('adopt(mine, {})');
  });

  it('makes another kernel of it, and keeps what was typed when refused', async () => {
    fake.answers.adopt = () => {
      throw refusal('A kernel named `anew` exists.', 409);
    };
    const done = adopt(context, 'mine');
    const name = await field('Name');
    await user.clear(name);
    await user.type(name, 'anew');
    await accept();
    expect(
      (await screen.findByRole('alert', { hidden: true })).textContent
    ).toContain('exists');
    expect((await field('Name')).value).toBe('anew');
    fake.answers.adopt = () => task({ kind: 'adopt' });
    await accept();
    await done;
    expect(fake.asked.at(-1)).toBe('adopt(mine, {"name":"anew"})');
  });
});
