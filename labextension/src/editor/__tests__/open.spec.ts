import { FakeApi, offer } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import type { Recipe } from '../../api';
import { Drafts } from '../drafts';
import { originOf } from '../open';

async function optionsOf(recipe: Recipe, { here = true, slurm = false } = {}) {
  const fake = new FakeApi();
  const status = (await fake.answers.status()) as object;
  fake.answers.status = () => ({ ...status, slurm: here });
  fake.answers.offerInfo = () => ({ offer: offer(), recipe });
  const model = modelOf(fake);
  const drafts = new Drafts(null);
  const onLaunch = () => undefined;
  const { identity, install } = offer();
  const { form } = await originOf(
    { offer: { identity, install }, slurm },
    { model, drafts, trans, onLaunch }
  );
  model.dispose();
  return form.options;
}

describe('the form of an offer', () => {
  const modules = { load: ['torch/2'] };
  const resources = { gres: 'gpu:1' };

  it('begins with a job where its recipe has a request and Slurm is there', async () => {
    expect(await optionsOf({ modules, resources })).toEqual({ on_slurm: true });
    expect(await optionsOf({ modules, resources }, { here: false })).toEqual(
      {}
    );
    expect(await optionsOf({ modules })).toEqual({});
  });

  it('begins with a job where one was asked for', async () => {
    const asked = await optionsOf({ modules }, { slurm: true });
    expect(asked).toEqual({ on_slurm: true });
  });
});
