import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

import { expect, open, row, test } from './kernelkit';

const { HOME, JUPYTER_DATA_DIR = `${HOME}/.local/share/jupyter` } = process.env;
const DIRECTORY = `${JUPYTER_DATA_DIR}/kernels/put-there`;
const TITLE = 'Put there';

test.afterEach(() => rmSync(DIRECTORY, { recursive: true, force: true }));

test('a kernel that another program put there is shown, and goes with it', async ({
  page
}) => {
  const sidebar = await open(page, 'Kernels');
  await expect(sidebar.getByRole('row').first()).toBeVisible();
  mkdirSync(DIRECTORY, { recursive: true });
  const argv = ['/bin/sh', '{connection_file}'];
  const spec = { argv, display_name: TITLE, language: 'sh' };
  writeFileSync(`${DIRECTORY}/kernel.json`, JSON.stringify(spec));
  // The sidebar asks by itself only every 30 s, JupyterLab once a minute.
  const soon = { timeout: 15_000 };
  await expect(row(sidebar, TITLE)).toBeVisible(soon);
  const card = page.locator('.jp-LauncherCard', { hasText: TITLE }).first();
  await expect(card).toBeVisible(soon);
  rmSync(DIRECTORY, { recursive: true });
  await expect(row(sidebar, TITLE)).toHaveCount(0, soon);
  await expect(card).toHaveCount(0, soon);
});
