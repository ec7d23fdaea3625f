import { nullTranslator } from '@jupyterlab/translation';

import { ago, bytes, duration, moment } from '../format';

const trans = nullTranslator.load('kernelkit');

describe('duration', () => {
  it.each([
    [-3, '0 s'],
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [86400, '1 d'],
    [97200, '1 d 3 h']
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds, trans)).toBe(words);
  });
});

describe('ago', () => {
  it('has no numbers for the last moments', () => {
    expect(ago(100, 103, trans)).toBe('just now');
  });

  it('tells how long', () => {
    expect(ago(100, 220, trans)).toBe('2 min ago');
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 kB'],
    [10 * 1024 ** 3, '10 GB'],
    [1024 ** 5, '1024 TB']
  ])('%d are %s', (count, words) => {
    expect(bytes(count)).toBe(words);
  });
});

describe('moment', () => {
  const noon = new Date(2026, 5, 15, 12, 0).getTime() / 1000;

  it('has no date for today', () => {
    expect(moment(noon + 60, noon)).not.toContain('15');
  });

  it('has the date for another day', () => {
    expect(moment(noon + 2 * 86400, noon)).toContain('17');
  });
});
