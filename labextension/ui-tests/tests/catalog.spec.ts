import type { JSHandle, Locator } from '@playwright/test';

import {
  act,
  answers,
  confirm,
  expect,
  install,
  open,
  remove,
  row,
  run,
  test,
  writeModule
} from './kernelkit';

const MODULE = 'python/3.10';
const TITLE = 'Python 3.10';
const BROKEN = 'style-fails/1.0';

test.beforeEach(({ request }) => remove(request, 'python-3.10'));

test('a module becomes a kernel, is tested, and goes again', async ({
  page
}) => {
  let sidebar = await open(page, 'Catalog');
  await sidebar.getByRole('searchbox').fill(MODULE);
  const offer = row(sidebar, TITLE);
  const told = await stepsOf(sidebar);
  await offer.getByRole('button', { name: /^Install/ }).click();

  // What goes on is told while it goes on, and that it is done.
  await expect
    .poll(async () => (await told.jsonValue()).join('\n'))
    .toContain('Loading python/3.10');
  const done = page.getByRole('alert').filter({ hasText: 'done.' });
  await expect(done).toContainText(TITLE);
  await expect(offer).toContainText('Installed');

  // JupyterLab knows it at once: it would ask again only in a minute.
  const card = page
    .locator('.jp-Launcher-section', { hasText: 'Notebook' })
    .locator('.jp-LauncherCard', { hasText: '3.10' });
  await expect(card).toBeVisible({ timeout: 5_000 });

  sidebar = await open(page, 'Kernels');
  const kernel = row(sidebar, TITLE);
  await expect(kernel).toContainText('Ready');
  await kernel.getByRole('button', { name: /^New notebook with/ }).click();
  await answers(page);
  const cell = await run(page, 'import os; os.environ["LOADEDMODULES"]');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText(
    "'python/3.10'"
  );

  await act(kernel, 'Test');
  await expect(
    page.getByRole('alert').filter({ hasText: 'Testing' })
  ).toContainText('done.');

  // It stays until it is said twice that it should go.
  await act(kernel, 'Remove…');
  const question = page.getByRole('dialog');
  await expect(question).toContainText('What it is made of stays');
  await confirm(page, 'Cancel');
  await expect(kernel).toBeVisible();
  await act(kernel, 'Remove…');
  await confirm(page, 'Remove');
  await expect(kernel).toHaveCount(0);
});

test('a kernel is cloned and renamed', async ({ page, request }) => {
  await remove(request, 'second');
  await install(request, {
    source: MODULE,
    name: 'python-3.10',
    displayName: TITLE
  });
  const sidebar = await open(page, 'Kernels');
  const dialog = page.getByRole('dialog');
  const name = dialog.getByRole('textbox', { name: 'Name', exact: true });
  const displayName = dialog.getByRole('textbox', { name: 'Display name' });

  // A name that is taken is refused, with what was typed.
  await act(row(sidebar, TITLE), 'Clone…');
  await displayName.fill('The second');
  await name.fill('python-3.10');
  await confirm(page, 'Clone');
  await expect(dialog.getByRole('alert')).toContainText('python-3.10');
  await expect(displayName).toHaveValue('The second');
  await name.fill('second');
  await confirm(page, 'Clone');
  await expect(row(sidebar, 'The second')).toContainText('Ready');
  await expect(row(sidebar, TITLE)).toBeVisible();

  await act(row(sidebar, 'The second'), 'Rename…');
  await displayName.fill('The other');
  await confirm(page, 'Rename');
  await expect(row(sidebar, 'The second')).toHaveCount(0);
  await row(sidebar, 'The other')
    .getByRole('button', { name: 'New notebook with The other' })
    .click();
  await answers(page);
  const cell = await run(page, '6 * 7');
  await expect(cell.locator('.jp-OutputArea-output')).toHaveText('42');
});

test('a stale kernel is upgraded, and rolled back', async ({
  page,
  request
}) => {
  const title = 'Genomics 2026';
  const module = ['depends_on("python/3.11")', 'setenv("GENOMES", "old")'];
  writeModule('genomics/2026', ...module);
  await install(request, {
    source: 'genomics/2026',
    name: 'genomics-2026',
    displayName: title
  });
  const sidebar = await open(page, 'Kernels');
  const kernel = row(sidebar, title);
  await expect(kernel).toContainText('Ready');
  await kernel.getByRole('button', { name: /^Actions for/ }).click();
  const items = page.getByRole('menuitem');
  await expect(items.filter({ hasText: 'Edit…' })).toBeVisible();
  await expect(items.filter({ hasText: /Upgrade|Rollback/ })).toHaveCount(0);
  await page.keyboard.press('Escape');

  // What it was made from is another now.
  writeModule('genomics/2026', ...module, 'prepend_path("PATH", "/opt/new")');
  await sidebar.getByRole('button', { name: 'Refresh' }).first().click();
  await expect(kernel).toContainText('Stale');
  await expect(kernel).toContainText('genomics/2026');

  await act(kernel, 'Upgrade…');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('kept for a rollback');
  await expect(
    dialog.getByRole('region', { name: 'Changes of kernel.json' })
  ).toBeVisible();
  await confirm(page, 'Upgrade');
  const done = page.getByRole('alert').filter({ hasText: 'Upgrading' });
  await expect(done).toContainText('done.');
  await expect(kernel).toContainText('Ready');

  // Without a mouse.
  await kernel.getByRole('button', { name: /^Actions for/ }).focus();
  await page.keyboard.press('Enter');
  const active = page.locator('.lm-Menu-item.lm-mod-active');
  for (let step = 0; step < 20; step++) {
    await page.keyboard.press('ArrowDown');
    if ((await active.textContent())?.includes('Rollback…')) {
      break;
    }
  }
  await page.keyboard.press('Enter');
  await expect(dialog).toContainText('takes the place of the present one');
  await page.keyboard.press('Enter');
  await expect(
    page.getByRole('alert').filter({ hasText: 'Rollback of' })
  ).toContainText('State: Stale.');
  await expect(kernel).toContainText('Stale');
});

test('an install that fails says where, why and what to do', async ({
  page
}) => {
  const sidebar = await open(page, 'Catalog');
  await sidebar.getByRole('searchbox').fill(BROKEN);
  await row(sidebar, BROKEN)
    .getByRole('button', { name: /^Install/ })
    .click();
  const card = tasksOf(sidebar, BROKEN).first();
  await expect(card).toContainText('Failed');
  await expect(card.getByRole('list', { name: 'Steps' })).toContainText(
    `Loading ${BROKEN}`
  );
  await expect(card).toContainText('did not load');
  await expect(
    card.getByRole('region', { name: 'What was printed' })
  ).toContainText('the license server');
  await expect(card).toContainText('in a login shell shows the same');

  // A failure opens its card. The old one is closed here, and the new one is
  // until it fails: when no card is, the old one is gone, and the new one failed.
  await card.getByRole('button', { name: 'Hide steps' }).click();
  const closed = tasksOf(sidebar, BROKEN).filter({
    has: page.getByRole('button', { name: 'Show steps' })
  });
  await expect(closed).toHaveCount(1);
  await card.getByRole('button', { name: /^Try again/ }).click();
  await expect(closed).toHaveCount(0);
  await expect(card).toContainText('Failed');
  const cards = sidebar.getByRole('button', { name: /^Dismiss/ });
  const count = await cards.count();
  await cards.first().click();
  await expect(cards).toHaveCount(count - 1);
});

/** What is told of work on something, the newest first. */
function tasksOf(sidebar: Locator, title: string): Locator {
  return sidebar
    .getByRole('region', { name: 'Work in progress' })
    .locator('.kk-TaskCard', { hasText: title });
}

/**
 * The steps of all work from now on. They go as the work ends, which may be
 * sooner than a test finds them: the page shows and remembers them itself.
 */
async function stepsOf(sidebar: Locator): Promise<JSHandle<string[]>> {
  const work = sidebar.getByRole('region', { name: 'Work in progress' });
  return work.evaluateHandle(region => {
    const told: string[] = [];
    const look = () => {
      const closed = region.querySelectorAll<HTMLElement>(
        'button[aria-expanded="false"]'
      );
      closed.forEach(button => button.click());
      const steps = region.querySelectorAll('.kk-TaskSteps li');
      steps.forEach(step => told.push(step.textContent ?? ''));
    };
    new MutationObserver(look).observe(region, {
      childList: true,
      characterData: true,
      subtree: true
    });
    return told;
  });
}
