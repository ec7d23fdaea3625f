import { ServerConnection } from '@jupyterlab/services';

import { ApiError, KernelkitApi } from '../api';

interface IAnswer {
  status?: number;
  text?: string;
}

/** The interface over a connection that gives one answer. */
function connected(answer: IAnswer | Error) {
  const asked: { url: string; method: string; body: unknown }[] = [];
  const fetch = async ({ url, ...init }: RequestInit & { url: string }) => {
    if (answer instanceof Error) {
      throw answer;
    }
    const status = answer.status ?? 200;
    asked.push({
      url,
      method: init.method ?? 'GET',
      body: init.body ? JSON.parse(String(init.body)) : undefined
    });
    return {
      status,
      statusText: 'Words',
      ok: status < 400,
      text: async () => answer.text ?? '{}'
    };
  };
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://host/user/me/',
    fetch: fetch as unknown as typeof globalThis.fetch,
    // jsdom has none; this one is looked at by `fetch` above.
    Request: function (url: string, init: RequestInit) {
      return { url, ...init, headers: new Map() };
    } as unknown as typeof Request
  });
  return { api: new KernelkitApi(settings), asked };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: ApiError) => error
  );
}

describe('KernelkitApi', () => {
  it('asks below the base URL, whatever a name holds', async () => {
    const { api, asked } = connected({});
    await api.kernel('a/../b?c');
    expect(asked[0].url).toMatch(
      /^http:\/\/host\/user\/me\/kernelkit\/kernels\/a%2F\.\.%2Fb%3Fc(\?|$)/
    );
  });

  it('upgrades what was shown, and rolls back', async () => {
    const { api, asked } = connected({ text: '{"task": {}}' });
    await api.upgrade('a', 'seen', true);
    await api.rollback('a');
    expect(
      asked.map(({ method, url }) => [method, url.split(/kernels.|[?]/)[1]])
    ).toEqual([
      ['POST', 'a/upgrade'],
      ['POST', 'a/rollback']
    ]);
    expect(asked[0].body).toEqual({ fingerprint: 'seen', force: true });
  });

  it('leaves out of a query what is not asked', async () => {
    const { api, asked } = connected({});
    await api.catalog({ q: 'a b&c', limit: 5, offset: 0, refresh: false });
    const { searchParams } = new URL(asked[0].url);
    expect(searchParams.get('q')).toBe('a b&c');
    expect(searchParams.get('limit')).toBe('5');
    expect(searchParams.has('refresh')).toBe(false);
  });

  it('gives the task that an install has begun', async () => {
    const { api, asked } = connected({
      status: 202,
      text: '{"task": {"id": "t"}}'
    });
    const task = await api.install({ source: 'r/4.2', options: {} });
    expect(task.id).toBe('t');
    expect(asked[0]).toMatchObject({
      method: 'POST',
      body: { source: 'r/4.2', options: {} }
    });
  });

  it('has no answer where there is none to have', async () => {
    const { api } = connected({ status: 204, text: '' });
    expect(await api.remove('x')).toBeUndefined();
  });

  it('fails with what the server says', async () => {
    const { api } = connected({
      status: 409,
      text: '{"error": {"code": "exists", "message": "Taken.", "hint": "Ask."}}'
    });
    const error = await failure(api.clone('a', 'b'));
    expect(error.status).toBe(409);
    expect(error.info.code).toBe('exists');
    expect(error.message).toBe('Taken.');
    expect(error.hint).toBe('Ask.');
  });

  it('fails in words where a proxy answers', async () => {
    const { api } = connected({ status: 502, text: '<html>Bad</html>' });
    const error = await failure(api.kernels());
    expect(error.message).toBe('The server answered 502 Words.');
    expect(error.info.transient).toBe(true);
  });

  it('fails in words where nothing answers', async () => {
    const { api } = connected(new TypeError('Failed to fetch'));
    const error = await failure(api.kernels());
    expect(error.status).toBe(0);
    expect(error.info.code).toBe('unreachable');
  });
});
