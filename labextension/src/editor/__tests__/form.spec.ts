import {
  draftOf,
  emptyForm,
  fieldOf,
  formOf,
  missing,
  named,
  recipeOf,
  type IForm,
  type IOrigin
} from '../form';

const origin: IOrigin = { form: emptyForm() };

function form(changes: Partial<IForm> = {}): IForm {
  return { ...emptyForm(), ...changes };
}

describe('what is sent', () => {
  it('has no parts that are off, and nothing empty', () => {
    const typed = form({
      recipe: {
        name: 'a',
        description: '',
        modules: { load: ['gcc/12', ''] },
        container: { image: 'x.sif' },
        venv: { path: '/v' },
        conda: { environment: 'c' },
        env: {}
      },
      parts: ['modules', 'environment']
    });
    expect(recipeOf(typed, origin)).toEqual({
      name: 'a',
      modules: { load: ['gcc/12'] },
      venv: { path: '/v' }
    });
    // What is off is still there when it is switched on again.
    expect(typed.recipe.container).toEqual({ image: 'x.sif' });
  });

  it('asks for no job where there is none', () => {
    const resources = { time: '10' };
    const typed = form({ recipe: { name: 'a', resources } });
    expect(recipeOf(typed, origin).resources).toBeUndefined();
    typed.options = { on_slurm: true };
    expect(recipeOf(typed, origin).resources).toEqual(resources);
  });

  it('keeps the request that a recipe came with', () => {
    const saved = formOf({ name: 'a', resources: { time: '10' } }, {});
    const sent = draftOf(saved, { form: saved, kernel: 'a' });
    expect(sent.recipe?.resources).toEqual({ time: '10' });
    expect(sent.kernel).toBe('a');
  });

  it('is the offer itself while only name and resources differ', () => {
    const offered = formOf(
      { name: 'torch', version: '2', logo: 'torch.svg', wrap: 'python3' },
      {}
    );
    const from: IOrigin = { form: offered, source: 'torch/2' };
    const renamed = {
      ...offered,
      recipe: {
        ...offered.recipe,
        display_name: 'Mine',
        resources: { time: '5' }
      },
      options: { on_slurm: true }
    };
    expect(draftOf(renamed, from)).toEqual({
      source: 'torch/2',
      options: { on_slurm: true, display_name: 'Mine' },
      resources: { time: '5' }
    });
    const changed = {
      ...offered,
      recipe: { ...offered.recipe, env: { A: '1' } }
    };
    const sent = draftOf(changed, from);
    expect(sent.source).toBeUndefined();
    // Its logo lies beside the catalog's recipe.
    expect(sent.recipe).toEqual({
      name: 'torch',
      version: '2',
      wrap: 'python3',
      env: { A: '1' }
    });
  });
});

describe('a form of a recipe', () => {
  it('has its parts switched on', () => {
    const found = formOf(
      { name: 'a', conda: { environment: 'x' }, modules: { load: ['b'] } },
      { on_slurm: true }
    );
    expect(found.parts).toEqual(['modules', 'environment']);
    expect(found.environment).toBe('conda');
    expect(found.named).toBe(true);
    expect(found.options).toEqual({ on_slurm: true });
  });
});

describe('what is needed', () => {
  it('is asked for part by part', () => {
    expect(missing(form())).toEqual([['parts'], ['recipe', 'name']]);
    expect(missing(form({ parts: ['container', 'environment'] }))).toEqual([
      ['recipe', 'container', 'image'],
      ['recipe', 'venv', 'path'],
      ['recipe', 'name']
    ]);
  });

  it('is nothing for a saved collection, or a command of its own', () => {
    const collection = { name: 'a', modules: { collection: 'mine' } };
    expect(missing(form({ recipe: collection, parts: ['modules'] }))).toEqual(
      []
    );
    const command = { name: 'a', kernel: { command: ['x'] } };
    expect(missing(form({ recipe: command }))).toEqual([]);
  });
});

describe('the name', () => {
  it.each([
    [
      'modules',
      { modules: { load: ['gcc/12', 'torch/2.7+cu'] } },
      'torch',
      '2.7+cu'
    ],
    ['container', { container: { image: '/a/b c.sif' } }, 'b-c', ''],
    [
      'container',
      { container: { image: 'docker://python:3.12' } },
      'python',
      '3.12'
    ],
    ['environment', { venv: { path: '~/venvs/.mine/' } }, 'mine', ''],
    ['wrap', { wrap: 'ir' }, 'ir', '']
  ] as const)('comes from %s', (part, recipe, name, version) => {
    const found = named(form({ recipe, parts: [part] } as Partial<IForm>));
    expect(found.recipe).toMatchObject({ name, version });
  });

  it('is that of the prefix of an interpreter', () => {
    const typed = form({ parts: ['environment'], environment: 'python' });
    typed.recipe = { python: { interpreter: '/opt/py311/bin/python3' } };
    expect(named(typed).recipe.name).toBe('py311');
    typed.recipe = { python: { interpreter: '/usr/bin/python3' } };
    expect(named(typed).recipe.name).toBe('python3');
  });

  it('stays as it was typed', () => {
    const typed = form({ recipe: { name: 'mine' }, named: true });
    expect(named(typed)).toBe(typed);
  });
});

it('finds the field of a problem', () => {
  const typed = form({ environment: 'conda' });
  const of = (...path: string[]) => fieldOf(path, typed).join('.');
  expect(of('resources', 'time')).toBe('recipe.resources.time');
  expect(of('modules', 'load[1]')).toBe('recipe.modules.load');
  expect(of('modules')).toBe('recipe.modules.load');
  expect(of('environment')).toBe('recipe.conda.environment');
  expect(of('env', 'A_TOKEN')).toBe('recipe.env.A_TOKEN');
  expect(of('options', 'as_name')).toBe('options.as_name');
  expect(of()).toBe('');
});
