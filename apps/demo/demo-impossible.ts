/** The story cannot be played; the message is one line that says what to do. */
export class DemoImpossible extends Error {
  readonly code = 'demo-impossible';
}
