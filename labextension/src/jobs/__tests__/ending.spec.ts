import { nullTranslator } from '@jupyterlab/translation';

import { endingWords } from '../ending';
import { aRun, jobsWith } from './examples';

const trans = nullTranslator.load('kernelkit');

const run = aRun();

describe('endingWords', () => {
  it('cancels the job of its only kernel', () => {
    const gone = aRun({ run: 'b', state: 'ended' });
    const elsewhere = aRun({ run: 'c', job: '43' });
    const words = endingWords(run, jobsWith(run, gone, elsewhere), trans);
    expect(words.title).toBe('Cancel job 42?');
    expect(words.label).toBe('Cancel Job');
    const queued = aRun({ state: 'queued' });
    expect(endingWords(queued, jobsWith(queued), trans).body).toBe(
      'PyTorch 2.7.1 leaves the queue.'
    );
  });

  it('names the job only where there is one', () => {
    const submitting = aRun({ state: 'new', job: '' });
    const another = aRun({ run: 'b', state: 'new', job: '' });
    const words = endingWords(submitting, jobsWith(submitting, another), trans);
    expect(words.title).toBe('Cancel the job of PyTorch 2.7.1?');
  });

  it('ends one of several kernels, whose job goes on', () => {
    const another = aRun({ run: 'b', mine: false });
    const two = endingWords(run, jobsWith(run, another), trans);
    expect(two.title).toBe('End this kernel?');
    expect(two.body).toContain('Job 42 goes on with 1 other kernel.');
    expect(two.label).toBe('End Kernel');
    const third = aRun({ run: 'c', state: 'starting' });
    const three = endingWords(run, jobsWith(run, another, third), trans);
    expect(three.body).toContain('Job 42 goes on with 2 other kernels.');
  });

  it('leaves a job that is to wait for its next kernel', () => {
    const kept = aRun({ job_stays: true });
    const words = endingWords(kept, jobsWith(kept), trans);
    expect(words.title).toBe('End this kernel?');
    expect(words.body).toContain('Job 42 then waits for its next kernel.');
  });
});
