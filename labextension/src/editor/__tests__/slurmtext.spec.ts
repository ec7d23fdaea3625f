import {
  gpus,
  gresText,
  isTime,
  megabytes,
  memoryText,
  seconds,
  timeText
} from '../slurmtext';

describe('times', () => {
  it.each([
    ['10', 600],
    ['1:30', 90],
    ['2:00:00', 7200],
    ['1-0', 86400],
    ['1-2:30', 95400],
    ['1-02:30:05', 95405]
  ])('reads %s as Slurm does', (text, expected) => {
    expect(seconds(text)).toBe(expected);
  });

  it.each(['', '1:2:3:4', 'an hour', '1-', '-1', '1:2:', '٣'])(
    'refuses %p',
    text => {
      expect(isTime(text)).toBe(false);
      expect(seconds(text)).toBeNull();
    }
  );

  it('has no number for no limit', () => {
    expect(isTime('UNLIMITED')).toBe(true);
    expect(seconds('UNLIMITED')).toBeNull();
  });

  it.each([90, 7200, 86400, 95405])(
    'writes %i so that it is read back',
    time => {
      expect(seconds(timeText(time))).toBe(time);
    }
  );
});

describe('memory', () => {
  it.each([
    ['16G', 16384],
    ['500', 500],
    ['2048K', 2],
    ['1T', 1048576]
  ])('reads %s in megabytes', (text, expected) => {
    expect(megabytes(text)).toBe(expected);
  });

  it('refuses what is no amount', () => {
    expect(megabytes('16GB')).toBeNull();
    expect(megabytes('1.5G')).toBeNull();
  });

  it('writes whole gigabytes as such', () => {
    expect(memoryText(16384)).toBe('16G');
    expect(memoryText(1500)).toBe('1500M');
  });
});

describe('GPUs', () => {
  it.each([
    ['gpu', { kind: '', count: 1 }],
    ['gpu:2', { kind: '', count: 2 }],
    ['gpu:a100', { kind: 'a100', count: 1 }],
    ['gpu:a100:4', { kind: 'a100', count: 4 }],
    ['gpu:1g.5gb:1', null],
    ['shard:2', null],
    ['gpu:1,mps:10', null]
  ])('reads %s', (text, expected) => {
    expect(gpus(text)).toEqual(expected);
  });

  it('writes what it reads', () => {
    for (const text of ['gpu:2', 'gpu:a100:4']) {
      expect(gresText(gpus(text)!)).toBe(text);
    }
  });
});
