import { FakeApi, catalogOf, offer, refusal } from '../../__tests__/fakeapi';
import type { ICatalog, ICatalogQuery } from '../../api';
import { CatalogModel } from '../model';

const OFFERS = Array.from({ length: 450 }, (_, index) =>
  offer({ identity: `m/${index}`, kind: 'module' })
);

function paged() {
  const fake = new FakeApi();
  fake.answers.catalog = (query: ICatalogQuery) => {
    const offset = query.offset ?? 0;
    const items = OFFERS.slice(offset, offset + (query.limit ?? 200));
    return catalogOf(items, { total: OFFERS.length });
  };
  return { fake, catalog: new CatalogModel(fake.api) };
}

describe('CatalogModel', () => {
  it('reads page after page, each once', async () => {
    const { fake, catalog } = paged();
    await catalog.search('', '');
    await Promise.all([catalog.more(), catalog.more()]);
    expect(catalog.data?.items).toHaveLength(400);
    await catalog.more();
    await catalog.more();
    expect(catalog.data?.items).toEqual(OFFERS);
    expect(fake.asked).toHaveLength(3);
  });

  it('reads on while a request runs of which nothing will come', async () => {
    const { fake, catalog } = paged();
    await catalog.search('', '');
    const { catalog: answer } = fake.answers;
    let late = () => undefined as void;
    fake.answers.catalog = async (query: ICatalogQuery) => {
      await new Promise<void>(resolve => (late = resolve));
      return answer(query);
    };
    const former = catalog.more();
    fake.answers.catalog = answer;
    // What is read anew takes its place.
    await catalog.refresh();
    await catalog.more();
    expect(catalog.data?.items).toHaveLength(400);
    late();
    await former;
    expect(catalog.data?.items).toEqual(OFFERS.slice(0, 400));
  });

  it('reads as much again as it shows', async () => {
    const { catalog } = paged();
    await catalog.search('', '');
    await catalog.more();
    await catalog.refresh();
    expect(catalog.data?.items).toHaveLength(400);
  });

  it('takes the answer to the last question only', async () => {
    const fake = new FakeApi();
    const answers: ((page: ICatalog) => void)[] = [];
    fake.answers.catalog = () =>
      new Promise<ICatalog>(resolve => answers.push(resolve));
    const catalog = new CatalogModel(fake.api);
    const first = catalog.search('a', '');
    const second = catalog.search('ab', '');
    answers[1](catalogOf([offer({ identity: 'ab/1' })]));
    await second;
    answers[0](catalogOf([offer({ identity: 'a/1' })]));
    await first;
    expect(catalog.data?.items[0].identity).toBe('ab/1');
    expect(catalog.loading).toBe(false);
  });

  it('reads a search again that was made while the modules were read anew', async () => {
    const fake = new FakeApi();
    let missing = ['cuda'];
    let read = () => undefined as void;
    fake.answers.catalog = async ({ refresh }: ICatalogQuery) => {
      if (refresh) {
        await new Promise<void>(resolve => (read = resolve));
        missing = [];
      }
      return catalogOf([offer({ missing })]);
    };
    const catalog = new CatalogModel(fake.api);
    const renewed = catalog.renew();
    await catalog.search('torch', '');
    expect(catalog.data?.items[0].missing).toEqual(['cuda']);
    read();
    await renewed;
    expect(catalog.data?.items[0].missing).toEqual([]);
    expect(fake.asked[fake.asked.length - 1]).toContain('"q":"torch"');
    expect(catalog.loading).toBe(false);
  });

  it('keeps what it shows through a failure', async () => {
    const { fake, catalog } = paged();
    await catalog.search('', '');
    fake.server.down = refusal('Gone.');
    await catalog.refresh();
    expect(catalog.data?.items).toHaveLength(200);
    expect(catalog.stale).toBe(true);
  });

  it('looks again while the modules are being read', async () => {
    jest.useFakeTimers();
    const fake = new FakeApi({ catalog: catalogOf([], { reading: true }) });
    const catalog = new CatalogModel(fake.api);
    await catalog.search('', '');
    fake.server.catalog = catalogOf([offer()]);
    await jest.advanceTimersByTimeAsync(5000);
    expect(catalog.data?.items).toHaveLength(1);
    expect(fake.asked).toHaveLength(2);
    jest.useRealTimers();
  });

  describe('with old offers', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    /** A first page is shown, and all that follow are of a newer reading. */
    async function overtaken() {
      const { fake, catalog } = paged();
      await catalog.search('', '');
      const installed = [offer({ identity: 'new' }), ...OFFERS];
      fake.answers.catalog = ({ offset = 0, limit }: ICatalogQuery) => {
        const items = installed.slice(offset, offset + limit!);
        return catalogOf(items, { total: installed.length, taken: 1 });
      };
      return { fake, catalog, installed };
    }

    it('looks again until they are read again, and no longer', async () => {
      const fake = new FakeApi({ catalog: catalogOf([], { outdated: true }) });
      const catalog = new CatalogModel(fake.api);
      await catalog.search('', '');
      await jest.advanceTimersByTimeAsync(1000);
      expect(fake.asked).toHaveLength(2);
      // They take their time.
      await jest.advanceTimersByTimeAsync(1000);
      expect(fake.asked).toHaveLength(3);
      fake.server.catalog = catalogOf([offer()]);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(catalog.data?.items).toHaveLength(1);
      expect(fake.asked).toHaveLength(4);
    });

    it('looks again after a failure, and seldom for what takes long', async () => {
      const fake = new FakeApi({ catalog: catalogOf([], { outdated: true }) });
      const catalog = new CatalogModel(fake.api);
      await catalog.search('', '');
      fake.server.down = refusal('Gone.');
      await jest.advanceTimersByTimeAsync(60_000);
      const before = fake.asked.length;
      expect(before).toBeGreaterThan(4);
      fake.server.down = null;
      await jest.advanceTimersByTimeAsync(600_000);
      expect(fake.asked.length - before).toBeLessThan(50);
      fake.server.catalog = catalogOf([offer()]);
      await jest.advanceTimersByTimeAsync(20_000);
      expect(catalog.data?.items).toHaveLength(1);
      catalog.dispose();
    });

    it('has no page of two readings, however soon the next one is read', async () => {
      const { catalog, installed } = await overtaken();
      await catalog.more();
      await catalog.more();
      await jest.advanceTimersByTimeAsync(60_000);
      const shown = catalog.data?.items ?? [];
      expect(shown).toEqual(installed.slice(0, shown.length));
    });

    it('reads all pages again where the next one is a newer one', async () => {
      const { fake, catalog, installed } = await overtaken();
      await catalog.more();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(catalog.data?.items).toEqual(installed.slice(0, 400));
      expect(fake.asked).toHaveLength(3);
    });
  });
});
