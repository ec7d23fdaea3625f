import { expect, galata, test } from '@jupyterlab/galata';

const TRANSLATION = '@jupyterlab/translation-extension:plugin';

test.use({
  locale: 'de-DE',
  mockSettings: {
    ...galata.DEFAULT_SETTINGS,
    [TRANSLATION]: { locale: 'de_DE' }
  },
  // Galata looks for a tab called Launcher.
  waitForApplication: async ({ baseURL: _ }, use) =>
    use(async page => {
      await page.locator('.jp-Launcher').waitFor();
    })
});

test('a JupyterLab in German has a sidebar in German', async ({
  page,
  request
}) => {
  // The server answers in the language of its own settings.
  const answer = await request.put(`/lab/api/settings/${TRANSLATION}`, {
    data: { raw: JSON.stringify({ locale: 'de_DE' }) }
  });
  expect(answer.ok()).toBe(true);
  await page.goto();
  await page.sidebar.openTab('kernelkit-sidebar');
  const sidebar = page.getByRole('region', { name: 'kernelkit' });
  await expect(sidebar.getByRole('tab')).toHaveText([
    'Kernel',
    'Katalog',
    'Jobs'
  ]);
  await expect(sidebar).toContainText('Nicht verwaltet');
  await expect(sidebar.getByRole('searchbox')).toHaveAccessibleName(
    'Kernel durchsuchen'
  );

  // Texts of the server's own schema, in the form.
  await sidebar
    .getByRole('button', { name: 'Kernel erstellen' })
    .first()
    .click();
  await expect(page.getByRole('heading', { name: 'Neuer Kernel' })).toBeVisible();
  await expect(page.getByLabel('Anzeigename')).toBeVisible();
  await expect(page.getByText('Was Jupyter im Launcher')).toBeVisible();
});
