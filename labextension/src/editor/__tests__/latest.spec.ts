import { Latest } from '../latest';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

function asked() {
  const requests: {
    signal: AbortSignal;
    answer: (text: string) => void;
    fail: (error: Error) => void;
  }[] = [];
  const answers: string[] = [];
  const errors: unknown[] = [];
  const latest = new Latest<string>({
    work: signal =>
      new Promise((answer, fail) => requests.push({ signal, answer, fail })),
    answered: text => answers.push(text),
    failed: error => errors.push(error),
    delay: 100
  });
  return { latest, requests, answers, errors };
}

it('asks once things are still', () => {
  const { latest, requests } = asked();
  latest.ask();
  jest.advanceTimersByTime(60);
  latest.ask();
  jest.advanceTimersByTime(60);
  expect(requests).toHaveLength(0);
  jest.advanceTimersByTime(60);
  expect(requests).toHaveLength(1);
});

it('forgets an older question, whatever comes of it', async () => {
  const { latest, requests, answers, errors } = asked();
  latest.ask(0);
  jest.advanceTimersByTime(0);
  latest.ask(0);
  expect(requests[0].signal.aborted).toBe(true);
  jest.advanceTimersByTime(0);
  requests[1].answer('new');
  requests[0].answer('old');
  await Promise.resolve();
  await Promise.resolve();
  expect(answers).toEqual(['new']);
  latest.ask(0);
  jest.advanceTimersByTime(0);
  latest.cancel();
  requests[2].fail(new Error('aborted'));
  await Promise.resolve();
  await Promise.resolve();
  expect(errors).toEqual([]);
  expect(latest.pending).toBe(false);
});
