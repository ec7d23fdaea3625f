/** Work that goes on, by what it is about: a second click does not begin it twice. */
export class UnderWay<T> {
  /** Begin the work; where it goes on already, what comes of that. */
  once(key: string, work: () => Promise<T>): Promise<T> {
    const known = this._going.get(key);
    if (known) {
      return known;
    }
    const going = work().finally(() => this._going.delete(key));
    this._going.set(key, going);
    return going;
  }

  private readonly _going = new Map<string, Promise<T>>();
}
