/** Each app's ports: the setting that moves it, and where it is when nothing is set. The first answers for its health. */
export const portsOf = {
  commands: [['CONTROL_PORT', 7301]],
  projector: [['PROJECTOR_PORT', 7302]],
  gateway: [['EDGE_PORT', 7300]],
  standalone: [
    ['CONTROL_PORT', 7301],
    ['EDGE_PORT', 7300],
  ],
} as const satisfies Readonly<Record<string, readonly (readonly [string, number])[]>>;

export type App = keyof typeof portsOf;

export const apps: readonly App[] = ['standalone', 'commands', 'projector', 'gateway'];
