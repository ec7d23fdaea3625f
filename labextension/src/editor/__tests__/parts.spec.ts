import { trans } from '../../__tests__/rendering';
import { diffLines } from '../../components/difftext';
import { Drafts } from '../drafts';
import { FieldSpecs } from '../fieldspec';
import { emptyForm } from '../form';
import { lacking, moved, prerequisites } from '../reorder';
import { getAt, setAt, withoutEmpty } from '../tree';
import { schemas } from './schemas';

describe('a list that is put in order', () => {
  it('moves an item and keeps the others', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b'], 1, 9)).toEqual(['a', 'b']);
  });
});

describe('modules that come first', () => {
  const ways = [
    ['gcc/12.2', 'openmpi/4.1'],
    ['intel/2024', 'impi/2021']
  ];

  it('are none where one of the ways is there', () => {
    expect(prerequisites(ways, ['intel/2024', 'impi/2021'])).toEqual([]);
    expect(prerequisites([], ['gcc/12.2'])).toEqual([]);
  });

  it('are what each way lacks', () => {
    expect(prerequisites(ways, ['gcc/12.2'])).toEqual([
      ['openmpi/4.1'],
      ['intel/2024', 'impi/2021']
    ]);
  });

  it('are there under a longer name, too', () => {
    expect(lacking(['gcc'], ['gcc/12.2'])).toEqual([]);
    expect(lacking(['gcc'], ['gccx/1'])).toEqual(['gcc']);
  });
});

describe('JSON', () => {
  it('is changed by a copy', () => {
    const before = { a: { b: 1 } };
    expect(setAt(before, ['a', 'c', 'd'], 2)).toEqual({
      a: { b: 1, c: { d: 2 } }
    });
    expect(setAt(before, ['a', 'b'], undefined)).toEqual({ a: {} });
    expect(before).toEqual({ a: { b: 1 } });
    expect(getAt(before, ['a', 'b', 'c'])).toBeUndefined();
  });

  it('is sent without what is empty; false and 0 are something', () => {
    expect(
      withoutEmpty({
        a: '',
        b: [''],
        c: { d: null },
        e: false,
        f: 0,
        g: ['x', '']
      })
    ).toEqual({ e: false, f: 0, g: ['x'] });
    expect(withoutEmpty({ a: { b: {} } })).toBeUndefined();
  });
});

describe('the schema', () => {
  const specs = new FieldSpecs(schemas, trans);

  it('is read through references and optional keys', () => {
    expect(specs.get(['recipe', 'resources', 'time'])).toMatchObject({
      type: 'text',
      label: 'Time limit',
      example: '4:00:00',
      required: false,
      optional: true
    });
    expect(specs.get(['recipe', 'resources', 'cpus'])).toMatchObject({
      type: 'whole',
      label: 'cpus',
      minimum: 1
    });
    expect(specs.get(['recipe', 'container', 'image'])?.required).toBe(true);
    expect(specs.get(['recipe', 'container', 'clean_env'])).toMatchObject({
      type: 'truth',
      optional: false
    });
    expect(specs.get(['recipe', 'container', 'gpu'])).toMatchObject({
      type: 'choice',
      choices: ['auto', 'none'],
      fallback: 'auto'
    });
    expect(specs.get(['recipe', 'modules', 'load'])?.type).toBe('list');
    expect(specs.get(['recipe', 'env'])?.type).toBe('map');
    expect(specs.get(['recipe', 'modules'])?.type).toBe('table');
    expect(specs.get(['options', 'on_slurm'])?.label).toBe('In a job');
  });

  it('has nothing of a key that the server lacks', () => {
    expect(specs.get(['recipe', 'resources', 'shell'])).toBeNull();
  });
});

it('shows a diff by its lines', () => {
  const diff = '--- a\n+++ b\n@@ -1 +1,2 @@\n same\n-old\n+new\n+--- x\n';
  expect(diffLines(diff).map(({ kind }) => kind)).toEqual([
    'place',
    'same',
    'removed',
    'added',
    'added'
  ]);
});

describe('a draft', () => {
  const kept = new Map<string, unknown>();
  const state = {
    fetch: async (key: string) => kept.get(key),
    save: async (key: string, value: unknown) => void kept.set(key, value),
    remove: async (key: string) => void kept.delete(key)
  } as unknown as ConstructorParameters<typeof Drafts>[0];

  it('is there until it is dropped', async () => {
    const drafts = new Drafts(state);
    const draft = { form: emptyForm(), origin: { form: emptyForm() } };
    await drafts.keep('new', draft);
    expect(await drafts.read('new')).toEqual(draft);
    await drafts.drop('new');
    expect(await drafts.read('new')).toBeNull();
  });

  it('of another version is not read', async () => {
    kept.set('kernelkit:editor:old', { form: { fields: [] } });
    expect(await new Drafts(state).read('old')).toBeNull();
  });
});
