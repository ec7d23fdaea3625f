import type { JupyterFrontEnd } from '@jupyterlab/application';
import { CommandRegistry } from '@lumino/commands';
import { Panel, type Widget } from '@lumino/widgets';

import { FakeApi } from '../../__tests__/fakeapi';
import { modelOf } from '../../__tests__/rendering';
import { tell } from '../../components/telling';
import { editorPlugin } from '../../plugins/editor';
import { CommandIDs } from '../../tokens';
import { schemas } from './schemas';

jest.mock('../../components/telling', () => ({
  tell: jest.fn(async () => undefined)
}));

function activated() {
  const fake = new FakeApi();
  const detail = { recipe: { name: 'torch' }, options: {}, fingerprint: 'x' };
  Object.assign(fake.answers, {
    schema: () => schemas,
    kernel: () => detail,
    preview: () => ({ files: {}, sbatch: null, problems: [] }),
    validate: () => ({ problems: [], estimate: null, words: '', now: 0 })
  });
  const model = modelOf(fake);
  const commands = new CommandRegistry();
  const main = new Panel();
  const shown: string[] = [];
  const shell = {
    add: (widget: Widget) => main.addWidget(widget),
    activateById: (id: string) => void shown.push(id)
  };
  const app = { commands, shell } as unknown as JupyterFrontEnd;
  const none = [null, null, null, null, null];
  void editorPlugin.activate(app, model, ...none);
  made.push(main, model);
  const editors = () => main.widgets.map(({ id }) => id);
  return { fake, commands, editors, shown };
}

const made: { dispose(): void }[] = [];
afterEach(() => made.splice(0).forEach(one => one.dispose()));

const edit = (commands: CommandRegistry, kernel: string) =>
  commands.execute(CommandIDs.editKernel, { kernel });

const TORCH = 'kernelkit-editor-kernel_torch';

it('two clicks open one editor of a kernel', async () => {
  const { commands, editors } = activated();
  const clicked = ['torch', 'torch', 'numpy'];
  await Promise.all(clicked.map(kernel => edit(commands, kernel)));
  expect(editors()).toEqual([TORCH, 'kernelkit-editor-kernel_numpy']);
});

it('one that is open is shown, and one that failed to open can be opened', async () => {
  const { fake, commands, editors, shown } = activated();
  const { schema } = fake.answers;
  delete fake.answers.schema;
  await edit(commands, 'torch');
  expect(tell).toHaveBeenCalledTimes(1);
  expect(editors()).toEqual([]);
  fake.answers.schema = schema;
  await edit(commands, 'torch');
  await edit(commands, 'torch');
  expect(editors()).toEqual([TORCH]);
  expect(shown).toEqual([TORCH, TORCH]);
});
