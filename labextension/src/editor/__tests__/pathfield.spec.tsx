import {
  configure,
  render,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { FakeApi, catalogOf, offer, refusal } from '../../__tests__/fakeapi';
import { trans } from '../../__tests__/rendering';
import type { ICatalogQuery, IFolder } from '../../api';
import { FormContext } from '../context';
import { FieldSpecs } from '../fieldspec';
import type { EntryKind } from '../folderbrowser';
import { emptyForm } from '../form';
import { EditorModel } from '../model';
import { PathField, type IPathFieldProps } from '../pathfield';
import { textAt } from '../tree';
import { schemas } from './schemas';

jest.setTimeout(60_000);
configure({ asyncUtilTimeout: 15_000 });

const IMAGE = ['recipe', 'container', 'image'];
const HOSTILE = '<b>folder</b><img src=x onerror="window.hacked=1">';

function folder(path: string, ...entries: [string, EntryKind][]): IFolder {
  return {
    path,
    parent: path === '/' ? null : path.replace(/\/[^/]*$/, '') || '/',
    entries: entries.map(([name, kind]) => ({ name, kind })),
    truncated: false
  };
}

const FOLDERS: Record<string, IFolder> = {
  '/home/me': folder(
    '/home/me',
    [HOSTILE, 'folder'],
    ['torch.sif', 'image'],
    ['env', 'conda'],
    ['notes.toml', 'recipe']
  ),
  [`/home/me/${HOSTILE}`]: folder(`/home/me/${HOSTILE}`, ['in.sif', 'image']),
  '/home': folder('/home', ['me', 'folder']),
  '/': folder('/', ['home', 'folder'], ['top.sif', 'image'])
};

const editors: EditorModel[] = [];
afterEach(() => editors.splice(0).forEach(one => one.dispose()));

function show(props: Partial<IPathFieldProps> = {}, typed = '') {
  const fake = new FakeApi({
    catalog: catalogOf([offer({ kind: 'image', path: '/site/jax.sif' })])
  });
  fake.answers.folders = (path: string) => {
    const found = FOLDERS[path === '~' ? '/home/me' : path];
    if (!found) {
      throw refusal(`${path} cannot be read.`, 404);
    }
    return found;
  };
  const editor = new EditorModel({
    api: fake.api,
    specs: new FieldSpecs(schemas, trans),
    trans,
    origin: { form: emptyForm() }
  });
  editors.push(editor);
  if (typed) {
    editor.set(IMAGE, typed);
  }
  render(
    <FormContext.Provider value={{ model: editor, trans, prefix: 'kk' }}>
      <PathField path={IMAGE} wanted="image" kind="image" {...props} />
    </FormContext.Provider>
  );
  return {
    fake,
    user: userEvent.setup(),
    value: () => textAt(editor.values, IMAGE),
    field: () => screen.getByLabelText(/^image/)
  };
}

const browse = () => screen.findByRole('group', { name: /Folders of the/ });
const button = (name: string | RegExp) => screen.findByRole('button', { name });

describe('the folders of a path field', () => {
  it('show what can be chosen, and put it into the field', async () => {
    const { user, value, field } = show();
    await user.click(await button('Folders…'));
    const list = await browse();
    await button(/torch\.sif/);
    expect(within(list).getByText('env')).toBeTruthy();
    expect(within(list).queryByText('notes.toml')).toBeNull();
    await user.click(await button(/torch\.sif/));
    expect(value()).toBe('/home/me/torch.sif');
    expect(screen.queryByRole('group', { name: /Folders of the/ })).toBeNull();
    expect(document.activeElement).toBe(field());
  });

  it('are opened by whatever name they have, which stays text', async () => {
    const { user, value } = show();
    await user.click(await button('Folders…'));
    await user.click(await button(HOSTILE));
    await user.click(await button(/in\.sif/));
    expect(value()).toBe(`/home/me/${HOSTILE}/in.sif`);
    expect(document.querySelector('img, b')).toBeNull();
  });

  it('lead up to the root, whose entries have one slash', async () => {
    const { user, value } = show();
    await user.click(await button('Folders…'));
    await screen.findByText('/home/me');
    await user.click(await button('One folder up'));
    await user.click(await button('One folder up'));
    await user.click(await button(/top\.sif/));
    expect(value()).toBe('/top.sif');
  });

  it('begin where the field is, and at home where that cannot be read', async () => {
    const { fake, user } = show({}, '/gone/torch.sif');
    await user.click(await button('Folders…'));
    await screen.findByText('/gone cannot be read.');
    expect(fake.asked).toContain('folders(/gone)');
    await user.click(await button(/again/i));
    await screen.findByText('/home/me');
    expect(screen.queryByText('/gone cannot be read.')).toBeNull();
  });

  it('are left with Escape, and nothing is changed', async () => {
    const { user, value, field } = show({}, '/home/me/mine.sif');
    await user.click(await button('Folders…'));
    await browse();
    await waitFor(() =>
      expect(document.activeElement?.className).toBe('kk-Folders-path')
    );
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('group', { name: /Folders of the/ })).toBeNull();
    expect(value()).toBe('/home/me/mine.sif');
    expect(document.activeElement).toBe(field());
  });

  it('leave the focus to who goes on typing while they are read', async () => {
    const { fake, user, value, field } = show();
    let read = () => undefined as void;
    fake.answers.folders = async () => {
      await new Promise<void>(resolve => (read = resolve));
      return FOLDERS['/home/me'];
    };
    await user.click(await button('Folders…'));
    await waitFor(() => expect(fake.asked).toContain('folders(~)'));
    await user.type(field(), '/ho');
    read();
    await screen.findByText('env');
    expect(document.activeElement).toBe(field());
    await user.keyboard('me');
    expect(value()).toBe('/home');
  });

  it('can be chosen themselves, where a folder is wanted', async () => {
    const { user, value } = show({ wanted: 'folder' });
    await user.click(await button('Folders…'));
    await user.click(await button(HOSTILE));
    await screen.findByText(`/home/me/${HOSTILE}`);
    await user.click(await button('Choose this folder'));
    expect(value()).toBe(`/home/me/${HOSTILE}`);
  });

  it('say where more is than is listed', async () => {
    const { fake, user } = show();
    fake.answers.folders = () => ({ ...folder('/many'), truncated: true });
    await user.click(await button('Folders…'));
    await screen.findByText('Nothing to choose here.');
    await screen.findByText(/There is more here than is listed/);
  });
});

it('the catalog of a path field has one kind, and gives the path', async () => {
  const { fake, user, value } = show();
  await user.click(await button('Catalog…'));
  await user.click(await button(/PyTorch|pytorch/));
  expect(value()).toBe('/site/jax.sif');
  expect(fake.asked.find(one => one.startsWith('catalog'))).toContain(
    '"kind":"image"'
  );
});

it('a new search of the catalog reads on, whatever the former one waits for', async () => {
  const { fake, user } = show();
  const found = ['a', 'b'].map(identity => offer({ identity }));
  fake.answers.catalog = ({ offset }: ICatalogQuery) =>
    offset ? new Promise(() => undefined) : catalogOf([...found], { total: 4 });
  const more = () => fake.asked.filter(one => one.includes('"offset":2'));
  await user.click(await button('Catalog…'));
  await waitFor(() => expect(more()).toHaveLength(1));
  await user.type(screen.getByRole('searchbox'), 'x');
  await waitFor(() => expect(more()).toHaveLength(2));
  expect(more()[1]).toContain('"q":"x"');
});

it.each(['reading', 'outdated'] as const)(
  'the catalog is asked again while the server says %s',
  async state => {
    const { fake, user } = show();
    const items = [offer({ description: 'Read at last' })];
    let asked = 0;
    fake.answers.catalog = () =>
      asked++ ? catalogOf(items) : catalogOf([], { [state]: true });
    await user.click(await button('Catalog…'));
    await screen.findByText('Read at last');
    expect(asked).toBe(2);
  }
);
