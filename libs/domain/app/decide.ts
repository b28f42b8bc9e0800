import { type Decision, yields } from '../decision.js';
import type { AppFact } from './facts.js';

/** What an app's stream can be asked to do. */
export interface AppCommand {
  readonly type: 'revoke-app-sessions';
}

/** Where an app stands: its version, and the version below which every token of every user of it is dead. */
export interface AppState {
  readonly version: number;
  readonly watermark: number;
  readonly watermarkAt: number;
}

export const newApp: AppState = { version: 0, watermark: 0, watermarkAt: 0 };

/** Everyone at once is always possible, and always yields a fact: sessions may have begun since the last one. */
export function decideApp(_command: AppCommand, _state: AppState): Decision<AppFact> {
  return yields({ type: 'portcullis.app.sessions-revoked.v1', data: {} });
}

export type AppStep = AppFact & { readonly version: number; readonly time: number };

/** Folds one event of the app's stream; one that was folded already changes nothing. */
export function evolveApp(state: AppState, event: AppStep): AppState {
  if (event.version <= state.version) return state;
  return { version: event.version, watermark: event.version, watermarkAt: event.time };
}
