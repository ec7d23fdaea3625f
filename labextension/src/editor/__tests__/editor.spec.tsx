import {
  act,
  configure,
  render,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { catalogOf, FakeApi, offer, task } from '../../__tests__/fakeapi';
import { modelOf, trans } from '../../__tests__/rendering';
import { ApiError, type IKernelDetail, type IPreview } from '../../api';
import { moment } from '../../format';
import type { KernelkitModel } from '../../model';
import { FieldSpecs } from '../fieldspec';
import { emptyForm, formOf, type IForm, type IOrigin } from '../form';
import { EditorModel } from '../model';
import { Saving } from '../saving';
import { EditorView } from '../view';
import { inventory, schemas } from './schemas';

// A whole form is drawn, and looked through by role: slow on a busy machine.
jest.setTimeout(60_000);
configure({ asyncUtilTimeout: 15_000 });

const PREVIEW: IPreview = {
  files: {
    'kernel.json': { text: '{"argv": []}', diff: '' },
    'launch.sh': { text: '#!/bin/bash', diff: '' }
  },
  sbatch: null,
  problems: []
};

interface IOpened {
  fake: FakeApi;
  model: KernelkitModel;
  editor: EditorModel;
  saving: Saving;
  user: ReturnType<typeof userEvent.setup>;
}

function fakeServer(): FakeApi {
  const fake = new FakeApi();
  Object.assign(fake.answers, {
    preview: () => PREVIEW,
    validate: () => ({ problems: [], estimate: null, words: '', now: 0 }),
    inventory: () => inventory(),
    modules: () => catalogOf([]),
    resolveModules: () => ({
      loads: [],
      swapped: [],
      taken_out: [],
      problems: []
    })
  });
  return fake;
}

function open(
  fake = fakeServer(),
  origin: IOrigin = { form: emptyForm() },
  form?: IForm
): IOpened {
  const model = modelOf(fake);
  const specs = new FieldSpecs(schemas, trans);
  const editor = new EditorModel({ api: fake.api, specs, trans, origin, form });
  const saving = new Saving(editor, model);
  render(
    <EditorView
      editor={editor}
      saving={saving}
      trans={trans}
      prefix="kk"
      slurm={true}
      onLaunch={() => undefined}
      onClose={() => undefined}
    />
  );
  opened.push(editor, saving, model);
  return { fake, model, editor, saving, user: userEvent.setup() };
}

const opened: { dispose(): void }[] = [];

afterEach(() => {
  opened.splice(0).forEach(one => one.dispose());
});

function saved(changes: Partial<IForm> = {}): IForm {
  const recipe = {
    name: 'torch',
    version: '2',
    modules: { load: ['torch/2'] }
  };
  return { ...formOf(recipe, {}), ...changes };
}

describe('a new kernel', () => {
  it('says what is needed, and asks nothing of the server before', async () => {
    const { fake, user } = open();
    const preview = screen.getByRole('region', { name: 'Preview' });
    const needed = within(preview).getByRole('button', {
      name: 'what it is made of'
    });
    await user.click(needed);
    expect(fake.asked.filter(one => one.startsWith('preview'))).toEqual([]);
  });

  it('is made of a module that is searched for, with what that needs', async () => {
    const fake = fakeServer();
    const found = offer({
      identity: 'torch/2',
      kind: 'module',
      description: '<img src=x onerror=alert(1)>',
      needs: [['gcc/12']]
    });
    fake.answers.modules = () => catalogOf([found]);
    const { editor, user } = open(fake);
    await user.click(screen.getByRole('checkbox', { name: 'Modules' }));
    await user.click(screen.getByRole('button', { name: 'Add modules…' }));
    await user.click(await screen.findByRole('button', { name: /torch\/2/ }));
    expect(editor.draft.recipe).toEqual({
      name: 'torch',
      version: '2',
      modules: { load: ['gcc/12', 'torch/2'] }
    });
    expect(document.querySelector('img')).toBeNull();
    await screen.findByRole('tab', { name: 'kernel.json' });
    await user.click(
      screen.getByRole('button', { name: 'Load torch/2 earlier' })
    );
    expect(editor.draft.recipe?.modules).toEqual({
      load: ['torch/2', 'gcc/12']
    });
  });

  it('says what its modules and its collection come to', async () => {
    const fake = fakeServer();
    const load = (name: string, asked: boolean) => ({
      name,
      file: `/m/${name}`,
      asked,
      description: ''
    });
    fake.answers.resolveModules = () => ({
      loads: [
        load('gcc/12', false),
        load('gdal/3', true),
        load('cuda/12', true)
      ],
      swapped: [['cuda', 'cuda/12']],
      taken_out: [['cuda/11', 'cuda/12']],
      problems: []
    });
    const form = saved();
    form.recipe = {
      name: 'work',
      modules: { load: ['cuda'], baseline: 'reset', collection: 'work' }
    };
    open(fake, { form });
    await screen.findByText('The collection work loads: gdal/3');
    screen.getByText('Loaded along with them: gcc/12');
    screen.getByText('cuda is cuda/12 here.');
    screen.getByText('cuda/12 takes out cuda/11, which is loaded first.');
    expect(fake.asked).toContain('resolveModules(["cuda"], [], reset, work)');
  });

  it('asks what a collection holds, with no module beside it', async () => {
    const fake = fakeServer();
    const form = saved();
    form.recipe = { name: 'work', modules: { collection: 'work' } };
    open(fake, { form });
    await waitFor(() =>
      expect(fake.asked.join()).toContain('resolveModules([], [],')
    );
  });

  it('asks which way, where there are several', async () => {
    const fake = fakeServer();
    const found = offer({
      identity: 'mpi/1',
      kind: 'module',
      needs: [['gcc/12'], ['intel/1']]
    });
    fake.answers.modules = () => catalogOf([found]);
    const { editor, user } = open(fake);
    await user.click(screen.getByRole('checkbox', { name: 'Modules' }));
    await user.click(screen.getByRole('button', { name: 'Add modules…' }));
    await user.click(await screen.findByRole('button', { name: /^mpi\/1/ }));
    await user.click(screen.getByRole('button', { name: 'intel/1' }));
    expect(editor.form.recipe.modules).toEqual({ load: ['intel/1', 'mpi/1'] });
  });

  it('shows at the field what is missing once a save is tried', async () => {
    const { fake, user } = open();
    await user.click(screen.getByRole('checkbox', { name: 'Container image' }));
    await user.click(screen.getByRole('button', { name: 'Create kernel' }));
    const image = screen.getByLabelText(/^image/);
    expect(image.getAttribute('aria-invalid')).toBe('true');
    const told = image.getAttribute('aria-describedby')!.split(' ');
    const texts = told.map(id => document.getElementById(id)?.textContent);
    expect(texts.join()).toContain('This is needed.');
    await waitFor(() => expect(document.activeElement).toBe(image));
    expect(fake.asked.filter(one => one.startsWith('install'))).toEqual([]);
  });
});

describe('a request to Slurm', () => {
  it('says how long its job waits for another kernel', async () => {
    const { editor, user } = open(fakeServer(), {
      form: saved({ options: { on_slurm: true } })
    });
    await user.click(screen.getByText('Advanced'));
    await user.type(await screen.findByLabelText(/^idle/), '600');
    expect(editor.draft.options.idle).toBe(600);
    await user.type(screen.getByLabelText(/^in_job/), '17');
    expect(screen.queryByLabelText(/^idle/)).toBeNull();
  });

  it('is held against the limits while one types', async () => {
    const { user } = open(fakeServer(), { form: saved() });
    await user.click(screen.getByRole('checkbox', { name: 'In a job' }));
    await screen.findByText(/Free counts as of/);
    await user.type(screen.getByLabelText(/^Time limit/), '2-0');
    expect(
      screen.getAllByText(/At most 1-00:00:00 in partition cpu/)
    ).not.toEqual([]);
  });

  it('is not sent while a number is none', async () => {
    const { editor, fake, user } = open(fakeServer(), {
      form: saved({ options: { on_slurm: true } })
    });
    await screen.findByRole('tab', { name: 'kernel.json' });
    const sent = fake.asked.length;
    await user.type(screen.getByLabelText(/^cpus/), 'many');
    expect(screen.getAllByText(/Give a whole number, at least 1/)).not.toEqual(
      []
    );
    await user.click(screen.getByRole('button', { name: 'Create kernel' }));
    expect(fake.asked.slice(sent)).toEqual([]);
    expect(editor.preview).toBeNull();
  });

  describe.each([
    ['right', 0],
    ['three hours fast', 3 * 3600],
    ['three hours slow', -3 * 3600]
  ])('in a browser whose clock is %s', (_, skew) => {
    const server = () => clock() / 1000;
    const { now: clock } = Date;

    beforeEach(() => {
      jest.spyOn(Date, 'now').mockImplementation(() => clock() + skew * 1000);
    });

    afterEach(() => {
      jest.restoreAllMocks();
    });

    const ask = async (estimate: number) => {
      const fake = fakeServer();
      fake.answers.inventory = () =>
        inventory({ taken: server() - 90, now: server() });
      fake.answers.validate = (_draft: unknown, slurm: boolean) => ({
        problems: [],
        estimate: slurm ? estimate : null,
        words: '',
        now: server()
      });
      const options = { on_slurm: true };
      const { user } = open(fake, { form: saved({ options }) });
      await user.click(
        await screen.findByRole('button', { name: 'Check with Slurm' })
      );
    };

    it('is told by Slurm itself that a job would start at once', async () => {
      await ask(server() + 10);
      await screen.findByText('A job would start at once.');
    });

    it('is told when it would start, by the clock of the server', async () => {
      const now = server();
      await ask(now + 7200);
      const when = moment(now + 7200, now);
      await screen.findByText(`A job would start about ${when}.`);
    });

    it('is told how old the free counts are', async () => {
      await ask(server() + 10);
      expect(screen.getByText('Free counts as of 1 min ago.')).toBeTruthy();
    });
  });
});

describe('saving', () => {
  const detail = {
    recipe: saved().recipe,
    options: {},
    fingerprint: 'new'
  } as unknown as IKernelDetail;

  it('streams its steps, and goes on as the editor of that kernel', async () => {
    const fake = fakeServer();
    const begun = task({
      steps: [{ name: 'test', state: 'running', detail: 'Starting' }]
    });
    fake.answers.install = () => begun;
    fake.answers.kernel = () => detail;
    const { editor, model, user } = open(fake, { form: emptyForm() }, saved());
    fake.server.tasks = [begun];
    await user.click(screen.getByRole('button', { name: 'Create kernel' }));
    await screen.findByText('Starting');
    const result = { name: 'torch-2', notices: [] };
    fake.server.tasks = [{ ...begun, serial: 2, state: 'done', result }];
    await act(() => model.refresh());
    await screen.findByText('torch-2 is saved.');
    expect(editor.origin).toMatchObject({
      kernel: 'torch-2',
      fingerprint: 'new'
    });
    expect(editor.dirty).toBe(false);
  });

  it('that fails keeps what was typed, and shows where', async () => {
    const fake = fakeServer();
    const error = {
      code: 'module',
      message: 'No torch/2.',
      hint: '',
      step: 'modules'
    };
    fake.answers.install = () => task({ state: 'failed', error });
    const form = saved();
    const { editor, user } = open(fake, { form: emptyForm() }, form);
    await user.click(screen.getByRole('button', { name: 'Create kernel' }));
    await screen.findByText(/what you typed is still here/);
    expect(editor.form).toBe(form);
    expect(editor.problemsAt(['recipe', 'modules', 'load'])).toHaveLength(1);
  });

  it('whose end is not known can be tried again, and claims nothing', async () => {
    const fake = fakeServer();
    fake.answers.install = () => task();
    fake.answers.task = () => {
      throw new ApiError({ code: 'not_found', message: '', hint: '' }, 404);
    };
    const { model, user } = open(fake, { form: emptyForm() }, saved());
    await user.click(screen.getByRole('button', { name: 'Create kernel' }));
    await screen.findByRole('button', { name: 'Saving…' });
    await act(() => model.refresh());
    const again = screen.getByRole('button', { name: 'Create kernel' });
    expect(again.getAttribute('aria-disabled')).toBeNull();
    screen.getByText(/does not know this task any more/);
    expect(screen.queryByText(/Nothing was changed/)).toBeNull();
  });

  it('over what somebody else saved is asked for first', async () => {
    const fake = fakeServer();
    const prints: string[] = [];
    fake.answers.kernel = () => detail;
    fake.answers.edit = (...args: unknown[]) => {
      prints.push(args[3] as string);
      if (args[3] !== 'new') {
        throw new ApiError({ code: 'changed', message: '', hint: '' }, 409);
      }
      return task({ state: 'done', result: { name: 'torch-2', notices: [] } });
    };
    const origin = { form: saved(), kernel: 'torch-2', fingerprint: 'old' };
    const typed = saved();
    typed.recipe = { ...typed.recipe, display_name: 'Mine' };
    const { user } = open(fake, origin, typed);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await screen.findByText(/changed by somebody else/);
    await user.click(screen.getByRole('button', { name: 'Save over theirs' }));
    await waitFor(() => expect(prints).toEqual(['old', 'new']));
  });

  it('can be dropped for what somebody else saved', async () => {
    const fake = fakeServer();
    fake.answers.kernel = () => detail;
    fake.answers.edit = () => {
      throw new ApiError({ code: 'changed', message: '', hint: '' }, 409);
    };
    const origin = { form: saved(), kernel: 'torch-2', fingerprint: 'old' };
    const typed = saved();
    typed.recipe = { ...typed.recipe, display_name: 'Mine' };
    const { editor, user } = open(fake, origin, typed);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await user.click(
      await screen.findByRole('button', {
        name: 'Drop my changes, load theirs'
      })
    );
    await waitFor(() => expect(editor.dirty).toBe(false));
    expect(editor.form.recipe.display_name).toBeUndefined();
  });
});

it('shows the differences to what is saved, and the problems with a link', async () => {
  const fake = fakeServer();
  const diff = '--- saved\n+++ new\n@@ -1 +1 @@\n-old\n+new\n';
  fake.answers.preview = () => ({
    ...PREVIEW,
    files: { ...PREVIEW.files, 'launch.sh': { text: 'new', diff } }
  });
  fake.answers.validate = () => ({
    problems: [
      {
        path: ['modules', 'load'],
        message: 'Old.',
        hint: '',
        severity: 'warning'
      }
    ],
    estimate: null,
    words: '',
    now: 0
  });
  const origin = { form: saved(), kernel: 'torch-2', fingerprint: 'x' };
  const { user } = open(fake, origin);
  await user.click(
    await screen.findByRole('tab', { name: 'launch.sh (changed)' })
  );
  const code = screen.getByRole('region', { name: 'launch.sh' });
  expect(code.textContent).toContain('-old');
  await user.click(screen.getByRole('checkbox', { name: /whole file/ }));
  expect(code.textContent).toBe('new');
  await user.click(screen.getByRole('button', { name: 'Go to load' }));
  await waitFor(() =>
    expect(document.activeElement?.id).toBe('kk-recipe-modules-load')
  );
});
