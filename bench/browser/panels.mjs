// Opens panels and types into searches in Chromium, and prints how long each took as JSON.
//
//   node panels.mjs PACKAGES URL ROUNDS      PACKAGES has node_modules with Playwright
//
// A time is from the browser's own stamp of the click or key to the end of the frame in which the
// result stands; long tasks are what PerformanceObserver calls so, those over 50 ms.
import { createRequire } from 'node:module';

const [packages, url, rounds] = process.argv.slice(2);
const { chromium } = createRequire(`${packages}/package.json`)('playwright');

/** Put into the page before its own code. */
function instrument() {
  const tasks = [];
  new PerformanceObserver(list => {
    for (const { startTime, duration } of list.getEntries()) {
      tasks.push({ startTime, duration });
    }
  }).observe({ type: 'longtask', buffered: true });
  const painted = done =>
    requestAnimationFrame(() => {
      // A message comes after the frame that this callback belongs to.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => done(performance.now());
      port2.postMessage(null);
    });
  const stand = {
    rows: ([selector, count]) => {
      const rows = [...document.querySelectorAll(selector)];
      return rows.filter(row => row.offsetHeight > 0).length >= count;
    },
    total: ([label, total]) =>
      [...document.querySelectorAll(`[role="grid"][aria-label="${label}"]`)].some(
        grid => grid.offsetHeight > 0 && Number(grid.getAttribute('aria-rowcount')) === total
      ),
    changed: ([selector, before]) => document.querySelector(selector).textContent !== before
  };
  window.kkMeasure = (input, kind, ...wanted) => {
    window.kkMeasured = new Promise(resolve => {
      let start = 0;
      addEventListener(input, event => (start = event.timeStamp), { capture: true, once: true });
      const look = () => {
        if (start && stand[kind](wanted)) {
          painted(end => resolve({ start, ms: end - start }));
        } else {
          requestAnimationFrame(look);
        }
      };
      requestAnimationFrame(look);
    });
  };
  window.kkLongest = since =>
    Math.max(0, ...tasks.filter(task => task.startTime >= since).map(task => task.duration));
}

const times = {};
const longest = {};

function keep(into, name, ms) {
  (into[name] ??= []).push(ms);
}

/** Do something, and keep how long it takes until the page is as wanted. */
async function time(page, name, input, wanted, act) {
  await page.evaluate(([input, wanted]) => window.kkMeasure(input, ...wanted), [input, wanted]);
  await act();
  const { ms } = await page.evaluate(() => window.kkMeasured);
  keep(times, name, ms);
}

/** The longest task of the main thread while `act` goes on, 0 for none over 50 ms. */
async function watch(page, name, act) {
  const since = await page.evaluate(() => performance.now());
  await act();
  // Entries are told when the page is idle.
  await page.evaluate(() => new Promise(done => requestIdleCallback(done)));
  keep(longest, name, await page.evaluate(since => window.kkLongest(since), since));
}

const tab = (page, id) => page.locator(`.jp-SideBar li[data-id="${id}"]`);
const sidebarTab = (page, name) => page.locator('.kk-Sidebar').getByRole('tab', { name });

const FILES = '.jp-DirListing-item';
const ROWS = '.kk-VirtualList-row .kk-Row-title';
const RUNNING = '#jp-running-sessions .jp-RunningSessions-section';

async function panels(page) {
  const files = tab(page, 'filebrowser');
  const running = tab(page, 'jp-running-sessions');
  const ours = tab(page, 'kernelkit-sidebar');
  const open = (name, where, ...wanted) =>
    watch(page, name, () =>
      time(page, name, 'pointerdown', ['rows', ...wanted], () => where.click())
    );
  await open('kernels, first', ours, ROWS, 8);
  await open('running, first', running, RUNNING, 3);
  // A folder with as many files as there are kernels.
  await files.click();
  const folder = page.locator(FILES, { hasText: 'many' });
  const entered = ['rows', `${FILES}[title*="file-000"]`, 1];
  await watch(page, 'files', () =>
    time(page, 'files', 'dblclick', entered, () => folder.dblclick())
  );
  await running.click();
  await open('kernels, again', ours, ROWS, 8);
  await open('running, again', running, RUNNING, 3);
}

/** What is typed after `software0`: each key leaves another number of the modules. */
const KEYS = [
  ['1', 500],
  ['2', 50],
  ['3', 5],
  ['Backspace', 50],
  ['Backspace', 500],
  ['Backspace', 5000]
];

async function typing(page, name, box, label) {
  await box.fill('software0');
  await page.waitForFunction(
    label =>
      [...document.querySelectorAll(`[role="grid"][aria-label="${label}"]`)].some(
        grid => grid.getAttribute('aria-rowcount') === '5000'
      ),
    label
  );
  await watch(page, name, async () => {
    for (const [key, total] of KEYS) {
      await time(page, name, 'keydown', ['total', label, total], () => box.press(key));
    }
  });
  // As fast as one types; the page asks when the keys rest.
  await watch(page, name, async () => {
    await time(page, `${name}, at once`, 'keydown', ['total', label, 5], async () => {
      await box.fill('');
      await box.pressSequentially('software0123', { delay: 60 });
    });
  });
  await box.fill('');
}

async function searches(page) {
  await tab(page, 'kernelkit-sidebar').click();
  await sidebarTab(page, 'Catalog').click();
  const catalog = page.getByRole('searchbox', { name: 'Search the catalog' });
  await page.locator(ROWS).first().waitFor();
  await typing(page, 'catalog', catalog, 'Catalog');

  await sidebarTab(page, 'Kernels').click();
  await page.getByRole('button', { name: 'Create a kernel' }).first().click();
  const form = page.getByRole('form', { name: 'New kernel' });
  await form.getByRole('checkbox', { name: 'Modules', exact: true }).check();
  await form.getByRole('button', { name: 'Add modules…' }).click();
  const label = 'Search modules by name and description';
  await typing(page, 'picker', form.getByRole('searchbox', { name: label }), label);

  // Lab's own list that follows each key: its commands.
  await page.keyboard.press('Control+Shift+C');
  const palette = page.locator('.jp-ModalCommandPalette input');
  const items = '.jp-ModalCommandPalette .lm-CommandPalette-content';
  await palette.waitFor();
  await watch(page, 'palette', async () => {
    for (const key of ['n', 'o', 't', 'Backspace', 'Backspace', 'Backspace']) {
      const wanted = ['changed', items, await page.locator(items).textContent()];
      await time(page, 'palette', 'keydown', wanted, () => palette.press(key));
    }
  });
  await page.keyboard.press('Escape');
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
});
try {
  for (let round = 0; round <= Number(rounds); round++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(instrument);
    await page.goto(`${url}&reset`);
    await page.locator('.jp-LauncherCard').first().waitFor({ timeout: 120_000 });
    await page.evaluate(() => new Promise(done => requestIdleCallback(done)));
    await panels(page);
    await searches(page);
    await page.close();
    process.stderr.write(`sidebar in Chromium: ${round}/${rounds}\n`);
    if (round === 0) {
      // It filled caches of server and browser.
      for (const kept of [times, longest]) {
        Object.keys(kept).forEach(name => delete kept[name]);
      }
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify({ times, longest }));
