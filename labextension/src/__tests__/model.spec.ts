import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';

import { Events, type IRun, type ITask } from '../api';
import { KernelkitModel } from '../model';
import { FakeApi, kernel, refusal, task } from './fakeapi';
import { settle, showPage } from './rendering';

function setUp(fake = new FakeApi()) {
  const stream = new Stream<object, Event.Emission>({});
  const refreshSpecs = jest.fn(async () => undefined);
  const model = new KernelkitModel({
    api: fake.api,
    events: stream,
    refreshSpecs
  });
  const emit = (schema_id: string, serial: number, payload: object) =>
    stream.emit({ schema_id, serial, ...payload } as Event.Emission);
  return { fake, model, emit, refreshSpecs };
}

const models: KernelkitModel[] = [];

function made(fake?: FakeApi) {
  const all = setUp(fake);
  models.push(all.model);
  return all;
}

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('KernelkitModel', () => {
  it('asks nothing while nobody watches', async () => {
    const { fake } = made();
    await settle();
    expect(fake.asked).toEqual([]);
  });

  it('reads everything for the first who watches', async () => {
    const { fake, model } = made(new FakeApi({ kernels: [kernel()] }));
    const watching = model.watch();
    await settle();
    expect(model.kernels.data).toEqual([kernel()]);
    expect(fake.asked).toEqual(
      expect.arrayContaining(['status()', 'kernels()', 'jobs()', 'tasks()'])
    );
    watching.dispose();
  });

  it('reads the kernels, and Lab its own, when they change', async () => {
    const { fake, model, emit, refreshSpecs } = made();
    const watching = model.watch();
    await settle();
    const told = jest.fn();
    model.kernelsChanged.connect(told);
    fake.server.kernels.push(kernel());
    emit(Events.KERNELS, 1, { action: 'installed', name: 'pytorch-2.7.1' });
    await settle();
    expect(model.kernels.data).toHaveLength(1);
    expect(refreshSpecs).toHaveBeenCalledTimes(1);
    expect(told).toHaveBeenCalledTimes(1);
    watching.dispose();
  });

  it('has Lab read its kernels even while nobody watches', async () => {
    const { fake, emit, refreshSpecs } = made();
    emit(Events.KERNELS, 1, { action: 'installed', name: 'x' });
    await settle();
    expect(refreshSpecs).toHaveBeenCalledTimes(1);
    expect(fake.asked).toEqual([]);
  });

  it.each([
    ['a missed event', 3],
    ['a server that began anew', 1]
  ])('reads everything anew after %s', async (_, serial) => {
    const { fake, model, emit } = made();
    const watching = model.watch();
    await settle();
    emit(Events.TASK, 1, task({ serial: 1 }));
    await settle();
    fake.asked.length = 0;
    emit(Events.TASK, serial, task({ serial }));
    await settle();
    expect(fake.asked).toContain('kernels()');
    watching.dispose();
  });

  it('reads everything once more where events are missed while it reads', async () => {
    const { fake, model, emit } = made();
    const watching = model.watch();
    await settle();
    emit(Events.TASK, 1, task({ serial: 1 }));
    let respond: () => void = () => undefined;
    const asking = new Promise<void>(resolve => (respond = resolve));
    fake.answers.kernels = async () => {
      const kernels = [...fake.server.kernels];
      await asking;
      return { kernels };
    };
    emit(Events.TASK, 3, task({ serial: 3 }));
    await settle();
    fake.server.kernels.push(kernel());
    emit(Events.TASK, 5, task({ serial: 5 }));
    await settle();
    respond();
    await settle();
    expect(model.kernels.data).toHaveLength(1);
    watching.dispose();
  });

  it('reads what was missed while the page was hidden once it is shown', async () => {
    const { fake, model, emit } = made();
    const watching = model.watch();
    await settle();
    emit(Events.TASK, 1, task({ serial: 1 }));
    showPage(false);
    // Its poll takes a moment to notice that nobody looks.
    emit(Events.TASK, 3, task({ serial: 3 }));
    await settle();
    fake.server.kernels.push(kernel());
    emit(Events.TASK, 5, task({ serial: 5 }));
    await settle();
    showPage(true);
    await settle();
    expect(model.kernels.data).toHaveLength(1);
    watching.dispose();
  });

  it('tells of kernels that it finds without an event', async () => {
    const { fake, model, emit, refreshSpecs } = made();
    const told = jest.fn();
    model.kernelsChanged.connect(told);
    const watching = model.watch();
    await settle();
    emit(Events.TASK, 1, task({ serial: 1 }));
    emit(Events.TASK, 3, task({ serial: 3 }));
    await settle();
    expect(told).not.toHaveBeenCalled();
    fake.server.kernels.push(kernel());
    emit(Events.TASK, 5, task({ serial: 5 }));
    await settle();
    expect(model.kernels.data).toHaveLength(1);
    expect(refreshSpecs).toHaveBeenCalledTimes(1);
    expect(told).toHaveBeenCalledTimes(1);
    watching.dispose();
  });

  it('follows events that come in order without a request', async () => {
    const { fake, model, emit } = made();
    const watching = model.watch();
    await settle();
    fake.asked.length = 0;
    emit(Events.TASK, 1, task({ serial: 1 }));
    emit(Events.TASK, 2, task({ serial: 2, title: 'Later' }));
    await settle();
    expect(model.tasks.map(one => one.title)).toEqual(['Later']);
    expect(fake.asked).toEqual([]);
    watching.dispose();
  });

  it('reads the jobs anew when a run has ended', async () => {
    const { fake, model, emit } = made();
    const watching = model.watch();
    await settle();
    fake.asked.length = 0;
    emit(Events.RUN, 1, { run: { run: 'a', state: 'running', serial: 1 } });
    expect(model.jobs.data?.runs).toHaveLength(1);
    expect(fake.asked).toEqual([]);
    emit(Events.RUN, 2, { run: { run: 'a', state: 'ended', serial: 2 } });
    await settle();
    expect(fake.asked).toEqual(['jobs()']);
    watching.dispose();
  });

  it.each([
    ['running', 3, 'the event'],
    ['queued', 1, 'the answer']
  ])(
    'has a run as %s that an event of serial %d told of during a request',
    async (state, serial, _) => {
      const { fake, model, emit } = made();
      const run = { run: 'a', state: 'queued', serial: 2 };
      fake.answers.jobs = async () => {
        await Promise.resolve();
        emit(Events.RUN, 1, { run: { ...run, state: 'running', serial } });
        return { runs: [run] };
      };
      const watching = model.watch();
      await settle();
      expect(model.jobs.data?.runs).toMatchObject([{ run: 'a', state }]);
      watching.dispose();
    }
  );

  it('reads the jobs anew where an event is older than what it knows', async () => {
    const run = { run: 'a', state: 'running', serial: 9 } as IRun;
    const { fake, model, emit } = made(new FakeApi({ runs: [run] }));
    const watching = model.watch();
    await settle();
    fake.asked.length = 0;
    // The first of another server.
    fake.server.runs = [{ ...run, serial: 1 }];
    emit(Events.RUN, 1, { run: { ...run, serial: 1 } });
    await settle();
    expect(fake.asked).toEqual(['jobs()']);
    expect(model.jobs.data?.runs[0].serial).toBe(1);
    watching.dispose();
  });

  it('keeps what GPUs do through events, which do not tell it', async () => {
    const { model, emit } = made();
    const watching = model.watch();
    await settle();
    const gpu_use = { measured: 1, gpus: [] };
    const run = { run: 'a', state: 'running', serial: 1, gpu_use };
    const later = { ...run, state: 'exited', serial: 2, gpu_use: null };
    emit(Events.RUN, 1, { run });
    emit(Events.RUN, 2, { run: later });
    expect(model.jobs.data?.runs[0]).toMatchObject({
      state: 'exited',
      gpu_use
    });
    watching.dispose();
  });

  it('does not take an older word of a task for a newer one', async () => {
    const { model, emit } = made();
    emit(Events.TASK, 5, task({ serial: 5, state: 'done' }));
    emit(Events.TASK, 6, task({ serial: 4, state: 'running' }));
    expect(model.tasks[0].state).toBe('done');
  });

  it('resolves with a task when it ends', async () => {
    const { model, emit } = made();
    await model.begin(async () => task());
    const finished = model.finished('task-1');
    emit(Events.TASK, 2, task({ serial: 2, state: 'failed' }));
    expect((await finished).state).toBe('failed');
    expect((await model.finished('task-1')).state).toBe('failed');
  });

  it('begins a task once more in the place of the failed one', async () => {
    const { model, emit } = made();
    let count = 0;
    const start = async (): Promise<ITask> => task({ id: `task-${++count}` });
    await model.begin(start);
    emit(Events.TASK, 2, task({ serial: 2, state: 'failed' }));
    expect(model.canRetry('task-1')).toBe(true);
    expect(model.canRetry('of another page')).toBe(false);
    await model.retry('task-1');
    expect(model.tasks.map(one => one.id)).toEqual(['task-2']);
  });

  it('does not show a dismissed task again', async () => {
    const fake = new FakeApi({ tasks: [task({ state: 'failed' })] });
    const { model } = made(fake);
    await model.refresh();
    expect(model.tasks).toHaveLength(1);
    model.dismiss('task-1');
    await model.refresh();
    expect(model.tasks).toHaveLength(0);
  });

  it('keeps what it knows when the server goes', async () => {
    const { fake, model } = made(new FakeApi({ kernels: [kernel()] }));
    await model.refresh();
    fake.server.down = refusal('Gone.');
    await model.refresh();
    expect(model.kernels.data).toHaveLength(1);
    expect(model.kernels.stale).toBe(true);
  });
});
