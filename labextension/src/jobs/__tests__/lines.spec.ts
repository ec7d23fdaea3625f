import { linesOf, type Group } from '../lines';
import { NOW, aJob, aRun, jobsWith } from './examples';

const keys = (...args: Parameters<typeof linesOf>) =>
  linesOf(...args).map(line => line.key);

const NONE: ReadonlySet<Group> = new Set();

describe('linesOf', () => {
  const jobs = {
    ...jobsWith(
      aRun({ run: 'gone', state: 'ended' }),
      aRun({ run: 'here', node: 'n7' }),
      aRun({ run: 'left', attachable: true, mine: false })
    ),
    jobs_idle: [aJob({ id: '8', node: 'n3' })],
    jobs_without_run: [aJob({ id: '9', node: 'n2' })]
  };

  it('lists what a former server left first, and what has ended last', () => {
    expect(keys(jobs, '', NONE)).toEqual([
      'left',
      'left',
      'present',
      'here',
      'idle',
      'job-8',
      'stray',
      'job-9',
      'ended',
      'gone'
    ]);
  });

  it('lists no job as one without a kernel that an event told one of', () => {
    const joined = aRun({ job: '8', state: 'starting' });
    const over = aRun({ run: 'over', job: '9', state: 'ended' });
    const told = { ...jobs, runs: [joined, over] };
    expect(keys(told, '', NONE)).toEqual([
      'present',
      joined.run,
      'stray',
      'job-9',
      'ended',
      'over'
    ]);
  });

  it('lists the newest first', () => {
    const runs = [1, 3, 2].map(n => aRun({ run: `${n}`, created: NOW + n }));
    expect(keys(jobsWith(...runs), '', NONE)).toEqual([
      'present',
      '3',
      '2',
      '1'
    ]);
  });

  it('keeps what every word of a search is found in', () => {
    expect(keys(jobs, 'n7 pytorch', NONE)).toEqual(['present', 'here']);
    expect(keys(jobs, 'n2', NONE)).toEqual(['stray', 'job-9']);
    expect(keys(jobs, 'n3', NONE)).toEqual(['idle', 'job-8']);
    expect(keys(jobs, 'nothing', NONE)).toEqual([]);
  });

  it('shows of a closed group its heading and count', () => {
    const closed = new Set<Group>(['left', 'idle', 'stray', 'ended']);
    const heads = linesOf(jobs, '', closed);
    expect(heads.map(line => line.key)).toEqual([
      'left',
      'present',
      'here',
      'idle',
      'stray',
      'ended'
    ]);
    expect(heads[0]).toMatchObject({ count: 1 });
  });
});
