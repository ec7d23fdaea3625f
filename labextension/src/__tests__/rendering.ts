/** What components are given in tests. */
import {
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { KernelkitModel } from '../model';
import { CommandIDs } from '../tokens';
import type { FakeApi } from './fakeapi';

export const trans: TranslationBundle = nullTranslator.load('kernelkit');

export function modelOf(fake: FakeApi): KernelkitModel {
  return new KernelkitModel({
    api: fake.api,
    refreshSpecs: async () => undefined
  });
}

/** All commands, which do nothing but to be remembered. */
export function recordedCommands(): {
  commands: CommandRegistry;
  executed: [string, unknown][];
} {
  const commands = new CommandRegistry();
  const executed: [string, unknown][] = [];
  for (const id of Object.values(CommandIDs)) {
    commands.addCommand(id, {
      label: id,
      execute: args => {
        executed.push([id, args]);
      }
    });
  }
  return { commands, executed };
}

/** Polls begin their work with a frame; its requests are answered at once. */
export async function settle(): Promise<void> {
  for (let frame = 0; frame < 3; frame++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

/** Bring the page to the front, or another one before it. */
export function showPage(shown: boolean): void {
  const visibilityState = shown ? 'visible' : 'hidden';
  Object.defineProperty(document, 'visibilityState', {
    configurable: true,
    get: () => visibilityState
  });
  document.dispatchEvent(new Event('visibilitychange'));
}
