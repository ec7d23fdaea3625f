import { UnderWay } from '../underway';

it('what is asked for again while it is under way is the same', async () => {
  const ends: ((value: string) => void)[] = [];
  const work = jest.fn(
    () => new Promise<string>(resolve => void ends.push(resolve))
  );
  const underWay = new UnderWay<string>();
  const first = underWay.once('a', work);
  expect(underWay.once('a', work)).toBe(first);
  void underWay.once('b', work);
  expect(work).toHaveBeenCalledTimes(2);
  ends[0]('done');
  expect(await first).toBe('done');
  void underWay.once('a', work);
  expect(work).toHaveBeenCalledTimes(3);
});

it('what failed can be asked for again', async () => {
  const underWay = new UnderWay<void>();
  const refused = underWay.once('a', () => Promise.reject(new Error('No.')));
  await expect(refused).rejects.toThrow('No.');
  await underWay.once('a', async () => undefined);
});
