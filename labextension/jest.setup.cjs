// What JupyterLab's modules use at import and jsdom lacks.
const { TextDecoder, TextEncoder } = require('util');

Object.assign(globalThis, { TextDecoder, TextEncoder });
globalThis.fetch ??= () => Promise.reject(new Error('no network in a test'));
globalThis.Request ??= class {};
globalThis.Response ??= class {};
globalThis.Headers ??= class {};
globalThis.DragEvent ??= class DragEvent extends Event {};
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
globalThis.requestIdleCallback ??= done => setTimeout(done);
Element.prototype.scrollIntoView ??= () => {};
globalThis.matchMedia ??= () => ({
  matches: false,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {}
});

// jsdom has no layout: rows of a list are 50 pixels high, all else is a screen.
Object.defineProperties(HTMLElement.prototype, {
  clientWidth: { get: () => 300 },
  clientHeight: { get: () => 800 },
  offsetHeight: {
    get() {
      return this.dataset.index === undefined ? 800 : 50;
    }
  }
});
