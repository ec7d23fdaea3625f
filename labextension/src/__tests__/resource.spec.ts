import { ApiError } from '../api';
import { Resource } from '../resource';
import { refusal } from './fakeapi';

function counted<T>(resource: Resource<T>): { changes: number } {
  const seen = { changes: 0 };
  resource.changed.connect(() => {
    seen.changes++;
  });
  return seen;
}

describe('Resource', () => {
  it('tells of data that differs, and only of that', async () => {
    let answer = ['a'];
    const resource = new Resource(async () => answer);
    await resource.refresh();
    const seen = counted(resource);
    answer = ['a'];
    await resource.refresh();
    expect(seen.changes).toBe(0);
    answer = ['b'];
    await resource.refresh();
    expect(seen.changes).toBe(1);
    expect(resource.data).toEqual(['b']);
  });

  it('keeps its data through a failure, and is stale then', async () => {
    let down: ApiError | null = null;
    const resource = new Resource(async () => {
      if (down) {
        throw down;
      }
      return 1;
    });
    await resource.refresh();
    expect(resource.stale).toBe(false);
    down = refusal('No answer.');
    await resource.refresh();
    expect(resource.data).toBe(1);
    expect(resource.stale).toBe(true);
    expect(resource.error?.message).toBe('No answer.');
    down = null;
    const seen = counted(resource);
    await resource.refresh();
    expect(resource.stale).toBe(false);
    expect(seen.changes).toBe(1);
  });

  it('has an error and is not stale when nothing was ever read', async () => {
    const resource = new Resource(() => Promise.reject(refusal('No.')));
    await resource.refresh();
    expect(resource.stale).toBe(false);
    expect(resource.error).not.toBeNull();
  });

  it('puts into an answer what was told while it was on its way', async () => {
    let answer: (data: string[]) => void = () => undefined;
    const resource = new Resource(
      () => new Promise<string[]>(resolve => (answer = resolve))
    );
    const add = (word: string) => (data: string[]) =>
      data.includes(word) ? data : [...data, word];
    for (const known of [null, ['a', 'first']]) {
      expect(resource.data).toEqual(known);
      const asked = resource.refresh();
      const told = known ? 'second' : 'first';
      resource.update(add(told));
      answer(['a']);
      await asked;
      expect(resource.data).toEqual(['a', told]);
    }
    const asked = resource.refresh();
    answer(['a']);
    await asked;
    expect(resource.data).toEqual(['a']);
  });

  it('asks once more for those who ask while it asks', async () => {
    let asked = 0;
    const resource = new Resource(async () => ++asked);
    await Promise.all([
      resource.refresh(),
      resource.refresh(),
      resource.refresh()
    ]);
    expect(asked).toBe(2);
    expect(resource.data).toBe(2);
  });
});
