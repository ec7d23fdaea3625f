import { ApiError } from '../api';
import { Tasks } from '../tasks';
import { FakeApi, task } from './fakeapi';

const made: Tasks[] = [];

function tasksOf(fake: FakeApi): Tasks {
  const tasks = new Tasks(fake.api);
  made.push(tasks);
  return tasks;
}

/** As `kernelkit/server/tasks.py` refuses an id that it has no task of. */
function unknown(id: string): never {
  const message = `There is no task \`${id}\`.`;
  throw new ApiError({ code: 'not_found', message, hint: '' }, 404);
}

beforeEach(() => jest.useFakeTimers());

afterEach(() => {
  made.splice(0).forEach(tasks => tasks.dispose());
  jest.useRealTimers();
});

/** No event comes for as long as it takes to ask for every running task. */
const silence = () => jest.advanceTimersByTimeAsync(5000);

describe('a task of a server that was started anew', () => {
  const step = { name: 'test', state: 'running', detail: 'Starting' } as const;
  const former = task({ id: 'former', serial: 90, steps: [step] });

  it('has failed, for it is not known how it ended', async () => {
    const fake = new FakeApi();
    fake.answers.task = unknown;
    const tasks = tasksOf(fake);
    tasks.keep(former);
    const end = tasks.finished('former');
    await silence();
    expect(await end).toMatchObject({
      state: 'failed',
      error: { code: 'task_lost' },
      steps: [{ name: 'test', state: 'failed' }]
    });
    expect(tasks.all[0].title).toBe(former.title);
  });

  it('does not keep the others from being read', async () => {
    const fake = new FakeApi();
    const later = task({ id: 'later', serial: 2, state: 'done' });
    fake.answers.task = (id: string) => (id === 'later' ? later : unknown(id));
    const tasks = tasksOf(fake);
    tasks.keep(former);
    tasks.keep(task({ id: 'later', serial: 1 }));
    await silence();
    expect(tasks.all.map(({ id, state }) => [id, state])).toEqual([
      ['later', 'done'],
      ['former', 'failed']
    ]);
  });

  it('neither does one that the server fails to tell of', async () => {
    const fake = new FakeApi();
    const later = task({ id: 'later', serial: 2, state: 'done' });
    fake.answers.task = (id: string) => {
      if (id === 'later') {
        return later;
      }
      throw new ApiError({ code: 'bug', message: 'No.', hint: '' }, 500);
    };
    const tasks = tasksOf(fake);
    tasks.keep(former);
    tasks.keep(task({ id: 'later', serial: 1 }));
    await silence();
    expect(tasks.all.map(({ state }) => state)).toEqual(['done', 'running']);
  });

  it('is asked for where the list of the new one lacks it', async () => {
    const other = task({ id: 'other', serial: 1 });
    const fake = new FakeApi({ tasks: [other] });
    fake.answers.task = unknown;
    const tasks = tasksOf(fake);
    tasks.keep(former);
    await tasks.read();
    expect(fake.asked).toEqual(['tasks()', 'task(former)']);
    expect(tasks.all.map(({ id, state }) => [id, state])).toEqual([
      ['other', 'running'],
      ['former', 'failed']
    ]);
  });

  it.each([
    ['a proxy has no server to ask', { code: 'http', status: 404 }],
    ['the server does not answer', { code: 'unreachable', status: 0 }]
  ])('still runs, for all that is known, where %s', async (_, refused) => {
    const { code, status } = refused;
    const fake = new FakeApi({ tasks: [] });
    fake.answers.task = () => {
      throw new ApiError({ code, message: 'No.', hint: '' }, status);
    };
    const tasks = tasksOf(fake);
    tasks.keep(former);
    await silence();
    await tasks.read();
    expect(tasks.all).toEqual([former]);
    fake.answers.task = () => ({ ...former, serial: 91, state: 'done' });
    await jest.advanceTimersByTimeAsync(30_000);
    expect(tasks.all[0].state).toBe('done');
  });
});

it('a task that began while the list was read is not missed in it', async () => {
  const fake = new FakeApi();
  const tasks = tasksOf(fake);
  fake.answers.tasks = () => {
    tasks.keep(task({ id: 'new' }));
    return [];
  };
  await tasks.read();
  expect(fake.asked).toEqual(['tasks()']);
});

it('is begun once more by the first of two clicks only', async () => {
  const tasks = tasksOf(new FakeApi());
  let count = 0;
  const start = jest.fn(async () => task({ id: `task-${++count}` }));
  await tasks.begin(start);
  tasks.keep(task({ serial: 2, state: 'failed' }));
  const [one, other] = [tasks.retry('task-1'), tasks.retry('task-1')];
  expect((await one).id).toBe('task-2');
  expect((await other).id).toBe('task-2');
  expect(start).toHaveBeenCalledTimes(2);
  expect(tasks.all.map(({ id }) => id)).toEqual(['task-2']);
});
