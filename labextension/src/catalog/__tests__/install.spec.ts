import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import type { JSONObject } from '@lumino/coreutils';

import { FakeApi, offer, task } from '../../__tests__/fakeapi';
import { modelOf } from '../../__tests__/rendering';
import type { IOffer, IProblem } from '../../api';
import { catalogPlugin } from '../../plugins/catalog';
import { CommandIDs, type IKernelkitPanels } from '../../tokens';

const GPU = offer({ identity: 'torch/2', install: 'torch/2' });
const args = { offer: GPU as unknown as JSONObject };

async function activated({ slurm = true, problems = [] as IProblem[] } = {}) {
  const fake = new FakeApi();
  const status = (await fake.answers.status()) as object;
  Object.assign(fake.answers, {
    status: () => ({ ...status, slurm }),
    validate: () => ({ problems, estimate: null, words: '', now: 0 }),
    install: () => task()
  });
  const model = modelOf(fake);
  const commands = new CommandRegistry();
  const opened: unknown[] = [];
  commands.addCommand(CommandIDs.createFromOffer, {
    execute: given => void opened.push(given)
  });
  const panels = { add: () => undefined } as unknown as IKernelkitPanels;
  const app = { commands } as unknown as JupyterFrontEnd;
  void catalogPlugin.activate(app, model, panels, null, null);
  await model.status.refresh();
  made.push(model);
  return { fake, commands, opened };
}

const made: { dispose(): void }[] = [];
afterEach(() => made.splice(0).forEach(one => one.dispose()));

const installs = (fake: FakeApi) =>
  fake.asked.filter(one => one.startsWith('install'));

it('an offer is installed for Slurm as its recipe asks', async () => {
  const { fake, commands, opened } = await activated();
  await commands.execute(CommandIDs.installOfferForSlurm, args);
  expect(installs(fake)).toEqual([
    'install({"source":"torch/2","options":{"on_slurm":true},"replace":false})'
  ]);
  await commands.execute(CommandIDs.installOffer, args);
  expect(installs(fake)[1]).toContain('"options":{}');
  expect(opened).toEqual([]);
});

it('what does not fit the cluster opens the form instead', async () => {
  const problem: IProblem = {
    path: ['resources', 'gres'],
    message: 'Partition `cpu` has no GPUs. There are some in `gpu`.',
    hint: '',
    severity: 'error'
  };
  const { fake, commands, opened } = await activated({ problems: [problem] });
  await commands.execute(CommandIDs.installOfferForSlurm, args);
  expect(installs(fake)).toEqual([]);
  expect(opened).toEqual([{ ...args, slurm: true }]);
  const [told] = Notification.manager.notifications;
  expect(told.message).toContain('There are some in `gpu`.');
});

it('what only may be wrong is installed', async () => {
  const problem: IProblem = {
    path: ['resources', 'partition'],
    message: 'This cluster has no default partition; one should be named.',
    hint: '',
    severity: 'warning'
  };
  const { fake, commands } = await activated({ problems: [problem] });
  await commands.execute(CommandIDs.installOfferForSlurm, args);
  expect(installs(fake)).toHaveLength(1);
});

it.each([
  ['', CommandIDs.installOffer],
  [' for Slurm', CommandIDs.installOfferForSlurm]
])(
  'two clicks install once%s, a third one not before the end',
  async (_, id) => {
    const { fake, commands } = await activated();
    expect(commands.isEnabled(id, args)).toBe(true);
    const clicks = [commands.execute(id, args), commands.execute(id, args)];
    expect(commands.isEnabled(id, args)).toBe(false);
    await Promise.all(clicks);
    expect(installs(fake)).toHaveLength(1);
    expect(fake.asked.filter(one => one.startsWith('validate'))).toHaveLength(
      id === CommandIDs.installOfferForSlurm ? 1 : 0
    );
    expect(commands.isEnabled(id, args)).toBe(false);
  }
);

it.each([true, false])('is offered where Slurm is there: %s', async slurm => {
  const { commands } = await activated({ slurm });
  const id = CommandIDs.installOfferForSlurm;
  expect(commands.isVisible(id, args)).toBe(slurm);
  const lacking: IOffer = { ...GPU, missing: ['cuda'] };
  const others = { offer: lacking as unknown as JSONObject };
  expect(commands.isEnabled(id, others)).toBe(false);
});
