import { nullTranslator } from '@jupyterlab/translation';

import {
  leftWords,
  placeWords,
  reasonWords,
  runOf,
  secondsLeft,
  shareLeft,
  stateWords,
  timeTone
} from '../runs';
import { NOW, aRun, jobsWith } from './examples';

const trans = nullTranslator.load('kernelkit');

describe('runs', () => {
  it('takes the living run of a kernel that had others', () => {
    const old = aRun({ run: 'a', state: 'ended', created: NOW });
    const present = aRun({ run: 'b', created: NOW - 100 });
    expect(runOf(jobsWith(old, present), 'k-1')).toBe(present);
    expect(runOf(jobsWith(old), 'k-1')).toBe(old);
    expect(runOf(jobsWith(old), 'another')).toBeNull();
    expect(runOf(jobsWith(old), undefined)).toBeNull();
  });

  it('counts the time down only while the job runs', () => {
    expect(secondsLeft(aRun(), NOW)).toBe(1800);
    expect(secondsLeft(aRun({ state: 'queued' }), NOW)).toBeNull();
    expect(secondsLeft(aRun({ ends: null }), NOW)).toBeNull();
    expect(secondsLeft(aRun({ ends: NOW - 5 }), NOW)).toBe(0);
  });

  it('turns amber under 10 minutes and red under 3', () => {
    expect(timeTone(null)).toBe('plain');
    expect(timeTone(601)).toBe('plain');
    expect(timeTone(600)).toBe('warn');
    expect(timeTone(180)).toBe('bad');
  });

  it('draws the part of the limit that is left', () => {
    expect(shareLeft(aRun(), NOW)).toBe(0.75);
    expect(shareLeft(aRun({ started: null }), NOW)).toBeNull();
  });

  it('says why a run waits and when it may start', () => {
    const queued = aRun({
      state: 'queued',
      reason: 'waiting for other jobs',
      expected_start: NOW + 60
    });
    expect(reasonWords(queued, NOW, trans)).toMatch(
      /^waiting for other jobs; starts about \d/
    );
  });

  it('says how a run ended', () => {
    const end = {
      code: 'TIMEOUT',
      words: 'its time was up',
      advice: 'Ask for more.',
      log_tail: ''
    };
    const ended = aRun({ state: 'ended', reason: 'x', end });
    expect(reasonWords(ended, NOW, trans)).toBe(
      'its time was up. Ask for more.'
    );
  });

  it('says since when a state is not known, but for what has ended', () => {
    const since = NOW - 90;
    const words = stateWords(aRun({ unknown_since: since }), NOW, trans);
    expect(words).toMatch(/^Running · state unknown since \d/);
    expect(stateWords(aRun(), NOW, trans)).toBe('Running');
    const ended = aRun({ state: 'ended', unknown_since: since });
    expect(stateWords(ended, NOW, trans)).toBe('Ended');
  });

  it('names the node, the GPUs and the time left', () => {
    expect(placeWords(aRun(), trans)).toBe('n1 · gpu:1');
    expect(placeWords(aRun({ gpus: '0,1' }), trans)).toBe(
      'n1 · gpu:1 · GPUs 0,1 of the job'
    );
    expect(leftWords(aRun(), NOW, trans)).toBe('30 min left');
  });
});
