/** The sidebar as its users name things, and Slurm beside it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';

import {
  expect,
  test as galata,
  type IJupyterLabPageFixture
} from '@jupyterlab/galata';
import type { APIRequestContext, Locator } from '@playwright/test';

type Page = IJupyterLabPageFixture;

export { expect };

/**
 * With the server's own kernels and sessions. Galata's stand-ins show a page
 * what it started alone, and answer a restart as if it were a start.
 */
export const test = galata.extend({
  kernels: async ({}, use) => use(null),
  sessions: async ({}, use) => use(null)
});

/** Run one of Slurm's commands as the server's user. */
export function slurm(...argv: string[]): string {
  const [command, ...rest] = argv;
  return execFileSync(command, rest, { encoding: 'utf8' });
}

/** The state of a job, or '' when the queue has it no more. */
export function jobState(job: string): string {
  return slurm('squeue', '--noheader', '--format=%T', `--jobs=${job}`).trim();
}

/** The ids of this user's jobs. */
export function jobs(): string[] {
  return slurm('squeue', '--me', '--noheader', '--format=%i')
    .split('\n')
    .filter(Boolean);
}

/** Have no job left, whatever a test did. */
export async function cancelAll(): Promise<void> {
  slurm('scancel', '--full', '--me');
  await expect.poll(jobs).toEqual([]);
}

/** Leave no room in the partition `full`, by the job `id`, until `free`. */
export async function fill(): Promise<{ id: string; free: () => void }> {
  const id = slurm(
    'sbatch',
    '--parsable',
    '--partition=full',
    '--output=/dev/null',
    '--wrap=sleep 600'
  ).trim();
  await expect.poll(() => jobState(id)).toBe('RUNNING');
  return { id, free: () => void slurm('scancel', '--full', id) };
}

export interface IInstall {
  source: string;
  name: string;
  displayName?: string;
  resources?: Record<string, unknown>;
}

/** Install a kernel by REST: what a flow starts from, not what it shows. */
export async function install(
  request: APIRequestContext,
  wanted: IInstall
): Promise<void> {
  const { source, name, displayName, resources } = wanted;
  const answer = await request.post('/kernelkit/kernels', {
    data: {
      replace: true,
      source,
      ...(resources ? { resources } : {}),
      options: {
        as_name: name,
        on_slurm: resources !== undefined,
        no_test: true,
        ...(displayName ? { display_name: displayName } : {})
      }
    }
  });
  expect(answer.status(), await answer.text()).toBe(202);
  const { task } = await answer.json();
  await expect
    .poll(async () => {
      const now = await (
        await request.get(`/kernelkit/tasks/${task.id}`)
      ).json();
      return now.error?.message ?? now.state;
    })
    .toBe('done');
}

/** Have a module be, or be another than it was: what is made of it is stale then. */
export function writeModule(name: string, ...lines: string[]): void {
  const file = `${process.env.KERNELKIT_UI_MODULES}/${name}.lua`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Open the sidebar at one of its panels. */
export async function open(
  page: Page,
  panel: 'Kernels' | 'Catalog' | 'Jobs'
): Promise<Locator> {
  await page.sidebar.openTab('kernelkit-sidebar');
  const sidebar = page.getByRole('region', { name: 'kernelkit' });
  await sidebar.getByRole('tab', { name: panel }).click();
  return sidebar;
}

/** The row of a list whose title is `title`; of runs, that of the newest. */
export function row(sidebar: Locator, title: string): Locator {
  return sidebar
    .getByRole('row')
    .filter({ has: sidebar.page().getByText(title, { exact: true }) })
    .first();
}

/** Read the jobs until a run tells what its GPUs do: no event says so. */
export async function gpusTold(sidebar: Locator, run: Locator): Promise<void> {
  await expect(async () => {
    await sidebar.getByRole('button', { name: 'Refresh' }).click();
    await expect(run).toContainText('% busy', { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
}

/** Take `python/3.11` in the form's list of modules, which stays open. */
export async function addPython(form: Locator): Promise<void> {
  await form.getByRole('checkbox', { name: 'Modules', exact: true }).check();
  await form.getByRole('button', { name: 'Add modules…' }).click();
  await form
    .getByRole('searchbox', { name: 'Search modules by name and description' })
    .fill('python/3.11');
  await form
    .getByRole('row')
    .getByRole('button', { name: /^python\/3\.11/ })
    .click();
}

/** Choose from a row's menu of actions. */
export async function act(row: Locator, action: string): Promise<void> {
  await row.getByRole('button', { name: /^Actions for/ }).click();
  await row.page().getByRole('menuitem', { name: action }).click();
}

/** Press a button of the dialog that is open. */
export async function confirm(page: Page, button: string): Promise<void> {
  await page
    .getByRole('dialog')
    .getByRole('button', { name: button, exact: true })
    .click();
}

/**
 * Leave the dialog that is open. One that has just come, or a field of it that
 * is drawn anew, has no focus for a frame, and hears nothing.
 */
export async function leave(page: Page): Promise<void> {
  await expect(async () => {
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0, { timeout: 2_000 });
  }).toPass();
}

/** Run code in the last cell of the notebook in front. */
export async function run(page: Page, code: string): Promise<Locator> {
  const notebook = page.locator('.jp-NotebookPanel:visible');
  const cell = notebook.locator('.jp-CodeCell').last();
  await cell.locator('.cm-content').click();
  await page.keyboard.type(code);
  await page.keyboard.press('Shift+Enter');
  const index = (await notebook.locator('.jp-CodeCell').count()) - 2;
  return notebook.locator('.jp-CodeCell').nth(index);
}

/**
 * The kernel of the notebook in front can be spoken to. JupyterLab shows an
 * idle kernel before there is one; a cell that is run then is lost.
 */
export async function answers(page: Page): Promise<void> {
  const told = () =>
    page.evaluate(async () => {
      const { shell } = window.jupyterapp;
      const panel = shell.currentWidget as INotebookPanel | null;
      const kernel = panel?.sessionContext?.session?.kernel;
      return kernel ? (await kernel.info).status : '';
    });
  // Not waitForFunction: it takes a promise itself for an answer.
  await expect.poll(told).toBe('ok');
}

/**
 * The id of the kernel that the page has for the notebook in front: the former
 * one until it has heard that there is another.
 */
export function kernelInFront(page: Page): Promise<string> {
  return page.evaluate(() => {
    const panel = window.jupyterapp.shell
      .currentWidget as INotebookPanel | null;
    return panel?.sessionContext?.session?.kernel?.id ?? '';
  });
}

/** Save the notebook in front without being asked for another name. */
export async function save(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell
      .currentWidget as INotebookPanel | null;
    await panel?.context?.save();
  });
}

/** The path of the notebook in front. */
export function pathInFront(page: Page): Promise<string> {
  return page.evaluate(() => {
    const panel = window.jupyterapp.shell
      .currentWidget as INotebookPanel | null;
    return panel?.context?.path ?? '';
  });
}

interface INotebookPanel {
  context?: { path: string; save(): Promise<void> };
  sessionContext?: {
    session: {
      kernel: { id: string; info: Promise<{ status: string }> } | null;
    } | null;
  };
}

/** Have a kernel of that name be gone. */
export async function remove(
  request: APIRequestContext,
  name: string
): Promise<void> {
  const answer = await request.delete(`/kernelkit/kernels/${name}`);
  expect([204, 404]).toContain(answer.status());
}

/** Have the cluster's administrator do something: tests/parts/cluster/do. */
export async function administrator(...words: string[]): Promise<void> {
  const socket = connect(`${process.env.KERNELKIT_CLUSTER}/do.socket`);
  socket.write(`${JSON.stringify(words)}\n`);
  const answer = JSON.parse(await text(socket));
  expect(answer.rc, answer.output).toBe(0);
}

/** Start a kernel that no page has open. */
export async function launch(
  request: APIRequestContext,
  name: string
): Promise<void> {
  const url = `/kernelkit/kernels/${name}/launch`;
  const answer = await request.post(url, { data: {} });
  expect(answer.status(), await answer.text()).toBe(201);
}
