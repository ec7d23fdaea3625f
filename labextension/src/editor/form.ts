/** What stands in the form, and what of it is sent. */
import { JSONExt, type JSONObject } from '@lumino/coreutils';

import type { IDraft, IOptions, Recipe } from '../api';
import {
  getAt,
  listAt,
  setAt,
  textAt,
  without,
  withoutEmpty,
  type Path
} from './tree';

/** The layers of software that a form can hold; what is off is not sent. */
export type Part = 'modules' | 'container' | 'environment' | 'wrap';

export const PARTS: readonly Part[] = [
  'modules',
  'container',
  'environment',
  'wrap'
];

export type EnvironmentKind = 'conda' | 'venv' | 'python';

/** The one key that each kind of environment needs. */
export const ENVIRONMENT_KEYS: Record<EnvironmentKind, Path> = {
  conda: ['recipe', 'conda', 'environment'],
  venv: ['recipe', 'venv', 'path'],
  python: ['recipe', 'python', 'interpreter']
};

const ENVIRONMENTS = Object.keys(ENVIRONMENT_KEYS) as EnvironmentKind[];

/** Everything typed, also in the parts that are off just now. */
export interface IForm {
  recipe: Recipe;
  options: JSONObject;
  parts: Part[];
  environment: EnvironmentKind;
  /** Whether name and version were typed, not taken from the software. */
  named: boolean;
}

/** What the form began with: nothing, an offer of the catalog, or a kernel. */
export interface IOrigin {
  form: IForm;
  /** The offer, as `kernelkit install` takes it. */
  source?: string;
  kernel?: string;
  fingerprint?: string;
}

export function emptyForm(): IForm {
  return {
    recipe: {},
    options: {},
    parts: [],
    environment: 'venv',
    named: false
  };
}

/** The form of a recipe, and of the options it was installed with. */
export function formOf(recipe: Recipe, options: Partial<IOptions>): IForm {
  const given = withoutEmpty(recipe) as Recipe;
  const environment = ENVIRONMENTS.find(kind => given[kind] !== undefined);
  const parts = PARTS.filter(part =>
    part === 'environment' ? environment : given[part] !== undefined
  );
  return {
    recipe: given,
    options: (withoutEmpty(options as JSONObject) ?? {}) as JSONObject,
    parts,
    environment: environment ?? 'venv',
    named: true
  };
}

/** The recipe that is meant: without parts that are off, and nothing empty. */
export function recipeOf(form: IForm, origin: IOrigin): Recipe {
  let recipe = form.recipe;
  for (const part of PARTS) {
    if (part !== 'environment' && !form.parts.includes(part)) {
      recipe = setAt(recipe, [part], undefined);
    }
  }
  for (const kind of ENVIRONMENTS) {
    if (!form.parts.includes('environment') || form.environment !== kind) {
      recipe = setAt(recipe, [kind], undefined);
    }
  }
  if (!form.options.on_slurm) {
    // What was typed of a job is not asked for; what came with it stays.
    recipe = setAt(recipe, ['resources'], origin.form.recipe.resources);
  }
  if (!origin.kernel && !textAt(recipe, ['logo']).startsWith('/')) {
    // A logo beside the catalog's recipe is not beside this one.
    recipe = setAt(recipe, ['logo'], undefined);
  }
  return (withoutEmpty(recipe) ?? {}) as Recipe;
}

/** What is sent for a check, a preview and an install. */
export function draftOf(form: IForm, origin: IOrigin): IDraft {
  const recipe = recipeOf(form, origin);
  const options = { ...form.options } as Partial<IOptions>;
  if (origin.kernel) {
    return { recipe, options, kernel: origin.kernel };
  }
  if (origin.source && isAsOffered(form, origin)) {
    const display_name = textAt(form.recipe, ['display_name']);
    const resources = recipe.resources as JSONObject | undefined;
    return {
      source: origin.source,
      options: { ...options, display_name },
      ...(resources ? { resources } : {})
    };
  }
  return { recipe, options };
}

/**
 * Whether only what an install can change was changed: then the offer itself
 * is installed, and the kernel knows where it came from.
 */
function isAsOffered(form: IForm, origin: IOrigin): boolean {
  const rest = (one: IForm) =>
    without(recipeOf(one, origin), 'display_name', 'resources');
  return JSONExt.deepEqual(rest(form), rest(origin.form));
}

/** What is needed and not there yet. */
export function missing(form: IForm): Path[] {
  const found: Path[] = [];
  const { recipe, parts } = form;
  if (
    parts.length === 0 &&
    listAt(recipe, ['kernel', 'command']).length === 0
  ) {
    found.push(['parts']);
  }
  const needed: Record<Part, Path> = {
    modules: ['recipe', 'modules', 'load'],
    container: ['recipe', 'container', 'image'],
    environment: ENVIRONMENT_KEYS[form.environment],
    wrap: ['recipe', 'wrap']
  };
  for (const part of PARTS) {
    const path = needed[part];
    const saved =
      part === 'modules' && textAt(recipe, ['modules', 'collection']);
    const value = getAt(form as unknown as JSONObject, path);
    if (parts.includes(part) && !saved && withoutEmpty(value) === undefined) {
      found.push(path);
    }
  }
  if (!textAt(recipe, ['name'])) {
    found.push(['recipe', 'name']);
  }
  return found;
}

/** Name and version from the software, unless they were typed. */
export function named(form: IForm): IForm {
  if (form.named) {
    return form;
  }
  const [name, version] = identity(form);
  return {
    ...form,
    recipe: { ...form.recipe, name, version }
  };
}

function identity(form: IForm): [name: string, version: string] {
  const { recipe, parts } = form;
  if (parts.includes('environment')) {
    const path = ENVIRONMENT_KEYS[form.environment].slice(1);
    const text = textAt(recipe, path);
    return [word(baseName(text)), ''];
  }
  if (parts.includes('container')) {
    const image = baseName(textAt(recipe, ['container', 'image']));
    const [name, version = ''] = image
      .replace(/\.(sif|simg|img)$/, '')
      .split(':');
    return [word(name), word(version)];
  }
  if (parts.includes('modules')) {
    const modules = listAt(recipe, ['modules', 'load']);
    const [name = '', version = ''] = (modules[modules.length - 1] ?? '').split(
      '/'
    );
    return [word(name), word(version)];
  }
  return parts.includes('wrap')
    ? [word(textAt(recipe, ['wrap'])), '']
    : ['', ''];
}

/** The last part of a path; of `…/NAME/bin/python`, `NAME`. */
function baseName(path: string): string {
  const parts = path.split('/').filter(Boolean);
  const prefix = parts[parts.length - 2] === 'bin' && parts[parts.length - 3];
  return prefix && prefix !== 'usr' ? prefix : (parts[parts.length - 1] ?? '');
}

/** What a recipe may be called: `names.recipe_name` of the server. */
function word(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.+-]+/g, '-')
    .replace(/^[.+-]+/, '')
    .slice(0, 100);
}

/** Where a problem that the server told stands in the form. */
export function fieldOf(problem: Path, form: IForm): Path {
  const [first, ...rest] = problem;
  if (first === undefined || first === 'options') {
    return problem;
  }
  if (first === 'environment') {
    return ENVIRONMENT_KEYS[form.environment];
  }
  if (rest.length === 0) {
    const main: Record<string, Path> = {
      modules: ['recipe', 'modules', 'load'],
      container: ['recipe', 'container', 'image'],
      packages: ['recipe', 'packages', 'dir'],
      conda: ENVIRONMENT_KEYS.conda,
      venv: ENVIRONMENT_KEYS.venv,
      python: ENVIRONMENT_KEYS.python
    };
    return main[first] ?? ['recipe', first];
  }
  // `modules.load[1]` is an item of a list that is one field.
  return [
    'recipe',
    first,
    ...rest.slice(0, 1).map(key => key.replace(/\[.*$/, ''))
  ];
}
