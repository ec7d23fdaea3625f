/**
 * The server's time now, in seconds: the browser's clock may be another.
 *
 * `told` is what its clock said in an answer, in seconds; `heard` is when that
 * answer came, in milliseconds of the browser's clock.
 */
export function serverTime(told: number, heard: number): number {
  return told + (Date.now() - heard) / 1000;
}
