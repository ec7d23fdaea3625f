import type { JupyterFrontEnd } from '@jupyterlab/application';
import { CommandRegistry } from '@lumino/commands';

import { FakeApi, kernel } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import { CommandIDs, type IKernelkitPanels } from '../../tokens';
import { registerKernelCommands } from '../commands';

interface ISpecs {
  specs: { kernelspecs: Record<string, object> };
  refreshSpecs: () => Promise<void>;
}

function server(known: string[] = ['torch-2']) {
  const fake = new FakeApi({ kernels: [kernel({ name: 'torch-2' })] });
  const model = modelOf(fake);
  const commands = new CommandRegistry();
  const opened: [string, unknown][] = [];
  for (const id of ['notebook:create-new', 'console:create']) {
    commands.addCommand(id, { execute: args => void opened.push([id, args]) });
  }
  const kernelspecs: ISpecs = {
    specs: { kernelspecs: Object.fromEntries(known.map(one => [one, {}])) },
    refreshSpecs: jest.fn(async () => undefined)
  };
  const app = { commands, serviceManager: { kernelspecs } };
  registerKernelCommands(
    {
      app: app as unknown as JupyterFrontEnd,
      model,
      trans,
      cwd: () => 'work/<b>here'
    },
    {} as IKernelkitPanels,
    null
  );
  made.push(model);
  return { fake, commands, opened, kernelspecs };
}

const made: { dispose(): void }[] = [];
afterEach(() => made.splice(0).forEach(one => one.dispose()));

const of = { kernel: 'torch-2' };

it('a console begins in the folder that is shown, as Jupyter begins one', async () => {
  const { commands, opened, kernelspecs } = server();
  await commands.execute(CommandIDs.launchConsole, of);
  expect(opened).toEqual([
    [
      'console:create',
      {
        kernelPreference: { name: 'torch-2' },
        cwd: 'work/<b>here',
        activate: true
      }
    ]
  ]);
  expect(kernelspecs.refreshSpecs).not.toHaveBeenCalled();
});

it('a kernel that Jupyter has not heard of yet is made known to it first', async () => {
  const { commands, opened, kernelspecs } = server([]);
  await commands.execute(CommandIDs.launchNotebook, of);
  expect(kernelspecs.refreshSpecs).toHaveBeenCalledTimes(1);
  expect(opened.map(([id]) => id)).toEqual(['notebook:create-new']);
});

it('an export is a file of the name that the server gives', async () => {
  const { fake, commands } = server();
  const text = 'name = "torch"\n# <script>\n';
  fake.answers.exportRecipe = () => ({ filename: 'torch-2.toml', text });
  const blobs: Blob[] = [];
  URL.createObjectURL = blob => `blob:${blobs.push(blob as Blob)}`;
  const revoked: string[] = [];
  URL.revokeObjectURL = url => void revoked.push(url);
  const clicked: [string, string][] = [];
  const click = jest
    .spyOn(HTMLAnchorElement.prototype, 'click')
    .mockImplementation(function (this: HTMLAnchorElement) {
      clicked.push([this.href, this.download]);
    });
  await commands.execute(CommandIDs.exportKernel, of);
  click.mockRestore();
  expect(fake.asked).toContain('exportRecipe(torch-2)');
  expect(clicked).toEqual([['blob:1', 'torch-2.toml']]);
  expect(blobs[0].size).toBe(text.length);
  expect(revoked).toEqual(['blob:1']);
});
