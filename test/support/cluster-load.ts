import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import { type ChangeName, Person } from './cluster-people.js';
import { ProcessClient } from './process-client.js';
import type { Chance } from './process-random.js';
import type { CommandBody } from './program-client.js';
import type { Answer } from './program-http.js';

/** What the answers were. */
export interface LoadCounts {
  /** Commands that were carried out. */
  acknowledged: number;
  /** Of those that kill tokens: the answer said `enforced`, or `pending`. */
  enforced: number;
  pending: number;
  /** 503 with `Retry-After`. */
  unavailable: number;
  /** No answer: the process was killed, or is not there. */
  cutOff: number;
}

interface Registration {
  readonly email: string;
  readonly password: string;
}

const clients = 6;
const sharedPeople = 3;
const mostOwn = 6;
/** Between two commands of a client: the edges and the servers are on the same cores. */
const paceMs = 15;
const awayMs = 100;
const mostFinished = 10;

/**
 * Clients that register, sign in, refresh, disable, enable, revoke and delete through every commands process, and keep
 * what they were told. Some people are one client's own, some are commanded by all at once.
 */
export class ClusterLoad {
  readonly people: Person[] = [];
  /** Registrations that were not answered. */
  readonly doubtful: Registration[] = [];
  readonly counts: LoadCounts = { acknowledged: 0, enforced: 0, pending: 0, unavailable: 0, cutOff: 0 };
  /** Commands that lost the race for a version. */
  conflicts = 0;
  /** How long commands that were carried out took, ms. */
  readonly tookMs: number[] = [];
  /** Answers that should not have been given. */
  readonly wrong: unknown[] = [];
  readonly #apis: ProcessClient[];
  #made = 0;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly cluster: Cluster,
    /** No other load on this cluster has it. */
    private readonly name: string,
    private readonly chance: Chance,
  ) {
    this.#apis = cluster.commands.map(({ url }) => new ProcessClient({ controlUrl: url, edgeUrl: url }));
  }

  /** Resolves when people are there whom all command. */
  async start(): Promise<void> {
    for (let index = 0; index < sharedPeople; index += 1) await this.#register(this.#apiOf(0), true);
    this.#running = Promise.all(Array.from({ length: clients }, (_, index) => this.#client(index)));
    this.#running.catch(() => undefined);
  }

  /** Ends every client, and then finds out what became of registrations that were not answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apis.map((api) => api.close()));
  }

  /** The next attempt on an address whose registration was not answered finishes it, or finds it done. */
  async finishRegistrations(): Promise<void> {
    const api = this.#apiOf(0);
    for (const user of this.doubtful.splice(0).slice(-mostFinished)) {
      const { status } = await api.register(user);
      const signedIn = await api.signIn(user);
      if (![201, 409].includes(status) || signedIn.status !== 200) {
        this.wrong.push({ 'finishing a registration': user.email, status, signedIn: signedIn.status });
      }
    }
  }

  async #client(index: number): Promise<void> {
    const own: Person[] = [];
    for (let turn = index; !this.#stopped && !this.cluster.closed; ) {
      const answered = await this.#act(this.#apiOf(turn), own);
      // As a load balancer would: what is not answered by one is sent to another.
      if (!answered) turn += 1;
      await pause(answered ? paceMs : awayMs);
    }
  }

  #apiOf(index: number): ProcessClient {
    const api = this.#apis[index % this.#apis.length];
    if (!api) throw new Error('there is no commands process');
    return api;
  }

  /** Does one thing. False when it was not answered, or not just now. */
  async #act(api: ProcessClient, own: Person[]): Promise<boolean> {
    const living = own.filter(({ state }) => state !== 'deleted' && state !== 'doubtful');
    if (living.length < 2 || (living.length < mostOwn && this.chance.oneIn(15))) {
      const person = await this.#register(api, false);
      if (person) own.push(person);
      return person !== null;
    }
    const shared = this.people.filter((person) => person.shared);
    const person = this.chance.pick(this.chance.oneIn(4) ? shared : living);
    if (!person) return true;
    const hopeful = person.state === 'confirmed' && !person.tokens.some((token) => person.mustBeLetIn(token));
    if (hopeful && this.chance.oneIn(2)) return this.#signIn(api, person);
    if (this.chance.oneIn(5)) return this.#refresh(api, person);
    return this.#change(api, person, this.#someChange(person));
  }

  async #register(api: ProcessClient, shared: boolean): Promise<Person | null> {
    this.#made += 1;
    const user = { email: `${this.name}-${this.#made}@example.org`, password: `password ${this.#made}` };
    const answer = await this.#answerOf(api.register(user));
    if (answer?.status !== 201) {
      this.#note('register', answer, []);
      this.doubtful.push(user);
      return null;
    }
    const person = new Person(answer.body.userId ?? '', user.email, user.password, shared);
    this.people.push(person);
    person.acknowledged(answer.body.events);
    this.counts.acknowledged += 1;
    return person;
  }

  async #signIn(api: ProcessClient, person: Person): Promise<boolean> {
    const mark = person.mark();
    const answer = await this.#answerOf(api.signIn(person));
    if (answer?.status !== 200) return this.#note('sign in', answer, person.shared ? [] : [401]);
    const { sid } = person.hold(answer.body.access_token, mark);
    person.sessions.push({ sid, refresh: answer.body.refresh_token, mark });
    return true;
  }

  async #refresh(api: ProcessClient, person: Person): Promise<boolean> {
    const session = this.chance.pick(person.sessions.slice(-3));
    if (!session) return true;
    const answer = await this.#answerOf(api.refresh(session.refresh));
    if (answer?.status !== 201) return this.#note('refresh', answer, [401]);
    person.hold(answer.body.access_token, session.mark);
    return true;
  }

  async #change(api: ProcessClient, person: Person, name: ChangeName): Promise<boolean> {
    const sid = name === 'revoke-session' ? (this.chance.pick(person.sessions)?.sid ?? null) : null;
    if (name === 'revoke-session' && sid === null) return true;
    person.sending(name);
    const sentAt = performance.now();
    const answer = await this.#answerOf(api.change(person.id, { name, key: null, ...(sid === null ? {} : { sid }) }));
    if (answer === null || answer.status === 503) {
      person.leftUnanswered(name);
      return this.#note(name, answer, []);
    }
    if (answer.status === 200) {
      this.tookMs.push(performance.now() - sentAt);
      this.#carriedOut(person, name, sid, answer.body);
    } else {
      if (answer.status === 409) this.conflicts += 1;
      this.#note(name, answer, person.shared ? [409] : [404]);
    }
    person.answered(name);
    return true;
  }

  #carriedOut(person: Person, name: ChangeName, sid: string | null, body: CommandBody): void {
    person.acknowledged(body.events);
    this.counts.acknowledged += 1;
    if (name === 'disable') person.state = 'disabled';
    else if (name === 'enable') person.state = 'confirmed';
    else if (name === 'delete') person.state = 'deleted';
    if (name === 'enable') return;
    const enforced = body.enforcement.status === 'enforced';
    this.counts[enforced ? 'enforced' : 'pending'] += 1;
    if (enforced) person.enforced(name, body.version, sid);
  }

  #someChange(person: Person): ChangeName {
    if (this.chance.oneIn(5)) return 'revoke-session';
    // Sign-ins of shared people never fail, or their common address would be slowed down.
    if (person.shared) return 'revoke-sessions';
    if (person.state === 'disabled' && this.chance.oneIn(2)) return 'enable';
    if (this.chance.oneIn(25)) return 'delete';
    return this.chance.pick(['disable', 'revoke-sessions', 'revoke-sessions', 'enable'] as const) ?? 'disable';
  }

  /** Null when there was no answer. */
  async #answerOf<T>(asking: Promise<Answer<T>>): Promise<Answer<T> | null> {
    try {
      return await asking;
    } catch {
      this.counts.cutOff += 1;
      return null;
    }
  }

  /** Counts an answer that brought nothing; it is wrong unless it is one of those that may be, or 503 as it should be. */
  #note(what: string, answer: Answer<unknown> | null, maybe: readonly number[]): boolean {
    if (answer === null) return false;
    const { status, headers, body } = answer;
    if (status === 503 && headers['retry-after'] !== undefined) {
      this.counts.unavailable += 1;
      return false;
    }
    if (!maybe.includes(status)) this.wrong.push({ what, status, body, retryAfter: headers['retry-after'] });
    return true;
  }
}
