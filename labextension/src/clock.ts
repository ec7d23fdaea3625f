/**
 * The server's time, in seconds: the browser's clock may be another.
 *
 * `told` is what its clock said in an answer, in seconds; `heard` is when that
 * answer came, and `when` the moment that is meant, both in milliseconds of the
 * browser's clock.
 */
export function serverTime(
  told: number,
  heard: number,
  when = Date.now()
): number {
  return told + (when - heard) / 1000;
}
