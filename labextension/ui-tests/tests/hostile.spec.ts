/** Texts that others write, as HTML would have them; nothing of it may run. */
import {
  act,
  expect,
  install,
  launch,
  leave,
  open,
  row,
  test
} from './kernelkit';

const SCRIPT =
  '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
// Marks that turn the direction of a text are taken out of a name; a long
// one is cut.
const TITLE = `${SCRIPT}png.exe`;
const TURNED = `${SCRIPT}\u202epng.exe\u202c`;
const LONG = `long ${'x'.repeat(295)}`;

declare global {
  interface Window {
    hacked?: number;
  }
}

test('texts of others are shown as text', async ({
  page,
  request,
  tmpPath
}) => {
  const kernels: [string, string][] = [
    ['hostile', TURNED],
    ['long', LONG]
  ];
  for (const [name, displayName] of kernels) {
    const resources = { partition: 'cpu', time: '30' };
    await install(request, {
      source: 'python/3.11',
      name,
      displayName,
      resources
    });
  }
  await page.contents.createDirectory(`${tmpPath}/${'<b>folder'}`);

  // Each place that shows the name of a kernel.
  let sidebar = await open(page, 'Kernels');
  const kernel = row(sidebar, TITLE);
  await expect(kernel).toBeVisible();
  const long = sidebar.getByRole('row').filter({ hasText: /long x+…/ });
  const box = await long.boundingBox();
  const width = (await sidebar.boundingBox())?.width ?? 0;
  expect(box?.width).toBeLessThanOrEqual(width);
  await act(kernel, 'Rename…');
  await expect(page.getByRole('dialog')).toContainText(TITLE);
  await leave(page);
  await act(kernel, 'Edit…');
  await expect(page.getByRole('textbox', { name: 'Display name' })).toHaveValue(
    TITLE
  );
  await page
    .getByRole('region', { name: 'Preview' })
    .getByRole('tab', { name: 'launch.sh' })
    .click();
  await launch(request, 'hostile');
  sidebar = await open(page, 'Jobs');
  const run = row(sidebar, TITLE);
  await run.getByRole('button', { name: /^Log of/ }).click();
  await run.getByRole('button', { name: /^Cancel the job/ }).click();
  await expect(page.getByRole('dialog')).toContainText(TITLE);
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'Cancel Job' })
    .click();

  // What a module says of itself, and the folders of a picker.
  sidebar = await open(page, 'Catalog');
  await sidebar.getByRole('searchbox').fill('hostile-module');
  const offer = sidebar.getByRole('row').filter({ hasText: 'hostile-module' });
  await expect(offer).toContainText(SCRIPT);
  await offer.getByRole('button', { name: /^hostile-module/ }).click();
  await expect(offer).toContainText('Layers');

  expect(await page.evaluate(() => window.hacked)).toBeUndefined();
  await expect(sidebar.locator('script, img[src="x"]')).toHaveCount(0);
});
