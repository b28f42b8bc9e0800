import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';
import { type Collection, StoreUnavailable, StoreUnusable } from '#libs/documents';
import { openSqlite, type SqliteDatabase, SqliteDocuments } from '#libs/documents/sqlite';
import { eventually } from '../support/eventually.js';
import { type Child, CompiledDocuments } from './second-process.js';

interface Note {
  readonly _id: string;
  readonly text?: string;
}

let folder: string;
let opened: SqliteDatabase[];
let children: Child[];
let compiled: CompiledDocuments;
beforeAll(() => {
  compiled = new CompiledDocuments();
});
afterAll(() => compiled.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
  opened = [];
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  for (const database of opened) database.close();
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, 'portcullis.db');
const open = (at = folder) => {
  const database = openSqlite({ folder: at });
  opened.push(database);
  return database;
};
const notesIn = (database: SqliteDatabase): Promise<Collection<Note>> =>
  new SqliteDocuments(database).collection<Note>({ name: 'notes', indexes: [{ keys: { text: 1 } }] });
const start = (script: string) => {
  const child = compiled.start(folder, script);
  children.push(child);
  return child;
};
const refusal = (at = folder): StoreUnusable => {
  try {
    open(at);
  } catch (error) {
    if (error instanceof StoreUnusable) return error;
    throw error;
  }
  throw new Error('it was opened');
};
/** Writes notes and closes, so that everything is in the one file. */
const write = async (count: number, text = 'x') => {
  const database = open();
  const notes = await notesIn(database);
  await Promise.all(Array.from({ length: count }, (_, index) => notes.insertOne({ _id: `n${index}`, text })));
  database.close();
};
const hold = `openSqlite({ folder }); console.log('open'); setInterval(() => {}, 1000);`;
const attempt = `
  try { openSqlite({ folder }); console.log('open'); setInterval(() => {}, 1000); }
  catch (error) { console.log(error.code + ': ' + error.message); }`;

describe('given a folder that does not exist', () => {
  it('when it is opened, then it is made for this user alone, and closing leaves one file', async () => {
    const made = join(folder, 'a', 'b');
    const database = open(made);
    await (await notesIn(database)).insertOne({ _id: 'a' });
    const modes = [made, ...readdirSync(made).map((name) => join(made, name))].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes[0]).toBe(0o700);
    expect(new Set(modes.slice(1))).toEqual(new Set([0o600]));
    database.close();
    expect(readdirSync(made)).toEqual(['portcullis.db']);
  });
});

describe('given a folder that is in use', () => {
  it('when this process opens it a second time, then it is refused in one line that names the folder', () => {
    open();
    const error = refusal();
    expect(error).toMatchObject({ code: 'locked' });
    expect(error.message).toContain(folder);
    expect(error.message).not.toContain('\n');
  });

  it('when another process opens it, then that one is refused at once, and this one goes on', async () => {
    const notes = await notesIn(open());
    const child = start(attempt);
    await eventually(() => child.lines.length > 0);
    expect(child.lines[0]).toMatch(/^locked: /);
    expect(child.lines[0]).toContain(folder);
    await notes.insertOne({ _id: 'a' });
  });

  it('when the other process is killed, then the lock goes with it', async () => {
    const child = start(hold);
    await eventually(() => child.lines.includes('open'));
    const before = Date.now();
    expect(refusal().code).toBe('locked');
    expect(Date.now() - before).toBeLessThan(1000);
    await child.kill();
    await (await notesIn(open())).insertOne({ _id: 'a' });
  });

  it('when many start on a new folder in the same moment, then one has it and the others are refused', async () => {
    const starting = Date.now() + 1000;
    const racing = Array.from({ length: 5 }, () =>
      start(`while (Date.now() < ${starting}) await new Promise((next) => setTimeout(next, 1)); ${attempt}`),
    );
    await eventually(() => racing.every((child) => child.lines.length > 0));
    const outcomes = racing.map((child) => child.lines[0]?.slice(0, 6)).sort();
    expect(outcomes).toEqual(['locked', 'locked', 'locked', 'locked', 'open']);
  });

  it('when it is closed, then it can be opened again and nothing is missing', async () => {
    await write(3);
    await expect((await notesIn(open())).countDocuments({})).resolves.toBe(3);
  });
});

describe('given a process that is killed while it writes', () => {
  it('when the folder is opened again, then everything it was told to be written is there', async () => {
    for (let round = 0; round < 5; round += 1) {
      const child = start(`
        const notes = await new SqliteDocuments(openSqlite({ folder })).collection({ name: 'notes', indexes: [] });
        for (let index = 0; ; index += 1) {
          const id = ${round} + '/' + index;
          notes.insertOne({ _id: id }).then(() => console.log(id));
          if (index % 10 === 0) await new Promise((next) => setImmediate(next));
        }`);
      const wanted = 50 + Math.floor(Math.random() * 500);
      await eventually(() => child.lines.length > wanted);
      await child.kill();
      const database = open();
      const notes = await notesIn(database);
      for (const _id of child.lines) await expect(notes.findOne({ _id })).resolves.toEqual({ _id });
      database.close();
    }
  });
});

describe('given a folder that cannot be used', () => {
  it('when a file is in its place, then it says so', () => {
    const taken = join(folder, 'taken');
    writeFileSync(taken, 'something');
    for (const at of [taken, join(taken, 'below')]) {
      const error = refusal(at);
      expect(error).toMatchObject({ code: 'unwritable' });
      expect(error.message).toContain(at);
    }
    expect(readFileSync(taken, 'utf8')).toBe('something');
  });

  it('when it may not be written, then it says so', () => {
    // Permissions do not bind root, so a place is taken where root cannot write either.
    const closed = process.getuid?.() === 0 ? '/proc/portcullis' : folder;
    chmodSync(folder, 0o500);
    const error = refusal(closed);
    expect(error).toMatchObject({ code: 'unwritable' });
    expect(error.message).toContain(closed);
  });

  it('when it is a link to nowhere, then it says so', () => {
    const link = join(folder, 'link');
    symlinkSync(join(folder, 'nowhere'), link);
    for (const at of [link, join(link, 'below')]) expect(refusal(at)).toMatchObject({ code: 'unwritable' });
  });

  it('when a folder is where the file should be, then it says so', () => {
    mkdirSync(file());
    const error = refusal();
    expect(error).toMatchObject({ code: 'unwritable' });
    expect(error.message).toContain(file());
  });
});

describe('given a file that cannot be trusted', () => {
  const refusedUntouched = (code: StoreUnusable['code']) => {
    const files = readdirSync(folder).map((name) => join(folder, name));
    const before = files.map((path) => readFileSync(path));
    const error = refusal();
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(file());
    expect(error.message).not.toContain('\n');
    expect(readdirSync(folder).map((name) => join(folder, name))).toEqual(files);
    for (const [index, path] of files.entries())
      expect(readFileSync(path).equals(before[index] ?? Buffer.of())).toBe(true);
  };
  const overwrite = (from: number, to: number) => {
    const bytes = readFileSync(file());
    bytes.fill(0xa5, from, to);
    writeFileSync(file(), bytes);
  };

  it('when it holds something else, then it is damaged', () => {
    writeFileSync(file(), 'This is not a database. '.repeat(1000));
    refusedUntouched('damaged');
  });

  it('when it holds a few letters, then it is damaged', () => {
    writeFileSync(file(), 'oops');
    refusedUntouched('damaged');
  });

  it("when it is another program's database, then it is damaged", () => {
    const other = new Database(file());
    other.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
    other.close();
    refusedUntouched('damaged');
  });

  it('when its header is overwritten, then it is damaged', async () => {
    await write(100);
    overwrite(0, 100);
    refusedUntouched('damaged');
  });

  it('when its pages are overwritten, then it is damaged', async () => {
    await write(500, 'x'.repeat(500));
    overwrite(5 * 4096, 60 * 4096);
    refusedUntouched('damaged');
  });

  it('when its end is cut off, then it is damaged', async () => {
    await write(500, 'x'.repeat(500));
    truncateSync(file(), 20 * 4096);
    refusedUntouched('damaged');
  });

  it('when it is empty or gone but its write-ahead log is not, then the log is not thrown away', async () => {
    const child = start(`
      const notes = await new SqliteDocuments(openSqlite({ folder })).collection({ name: 'notes', indexes: [] });
      await notes.insertOne({ _id: 'a' });
      console.log('written');
      setInterval(() => {}, 1000);`);
    await eventually(() => child.lines.includes('written'));
    await child.kill();
    copyFileSync(file(), join(folder, 'saved'));
    truncateSync(file(), 0);
    refusedUntouched('damaged');
    rmSync(file());
    expect(refusal().code).toBe('damaged');
    expect(existsSync(file())).toBe(false);
    copyFileSync(join(folder, 'saved'), file());
    await expect((await notesIn(open())).findOne({ _id: 'a' })).resolves.toEqual({ _id: 'a' });
  });

  it('when a newer version wrote it, then it says that', async () => {
    await write(1);
    const other = new Database(file());
    other.exec('PRAGMA user_version=2');
    other.close();
    refusedUntouched('newer');
  });

  it('when the last write to its log was torn, then that one alone is missing', async () => {
    const child = start(`
      const notes = await new SqliteDocuments(openSqlite({ folder })).collection({ name: 'notes', indexes: [] });
      for (const _id of ['a', 'b', 'c']) await notes.insertOne({ _id });
      console.log('written');
      setInterval(() => {}, 1000);`);
    await eventually(() => child.lines.includes('written'));
    await child.kill();
    truncateSync(`${file()}-wal`, statSync(`${file()}-wal`).size - 100);
    const found = await (await notesIn(open())).find({}, { limit: 10 });
    expect(found.map(({ _id }) => _id)).toEqual(['a', 'b']);
  });

  it('when it turns out damaged while it is open, then every call says so and nothing is written any more', async () => {
    await write(6000, 'x'.repeat(1000));
    const notes = await notesIn(open());
    const script = `const f = require('node:fs').openSync(${JSON.stringify(file())}, 'r+');
      for (let page = 10; page < 1000; page += 1) require('node:fs').writeSync(f, Buffer.alloc(4096, 165), 0, 4096, page * 4096);`;
    spawnSync(process.execPath, ['--eval', script]);
    const everything = notes.find({ text: { $ne: 'y' } }, { limit: 10_000 });
    await expect(everything).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(everything).rejects.toThrow(file());
    await expect(notes.insertOne({ _id: 'new' })).rejects.toThrow(/damaged/);
  });
});

describe('given a full disk', () => {
  const fill = async (notes: Collection<Note>, database: SqliteDatabase, free: () => Promise<unknown>) => {
    const big = 'x'.repeat(20_000);
    const written: string[] = [];
    let failure: unknown;
    for (let index = 0; failure === undefined && index < 5000; index += 1) {
      await notes.insertOne({ _id: `n${index}`, text: big }).then(
        () => written.push(`n${index}`),
        (error: unknown) => {
          failure = error;
        },
      );
    }
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({ message: expect.stringMatching(/full/) });
    expect(failure).toMatchObject({ message: expect.stringContaining(database.file) });
    await expect(notes.countDocuments({})).resolves.toBe(written.length);
    await free();
    await notes.insertOne({ _id: 'after', text: big });
    await new SqliteDocuments(database).ping();
    await expect(notes.countDocuments({})).resolves.toBe(written.length + 1);
  };

  it('when the file may not grow, then writes are refused, reads go on, and it recovers when there is space', async () => {
    const database = open();
    const limitPages = (pages: number) =>
      database.read((connection) => connection.rows(`PRAGMA max_page_count=${pages}`));
    const notes = await notesIn(database);
    await limitPages(100);
    await fill(notes, database, () => limitPages(1_000_000));
  });

  it('when writes of one turn do not all fit, then none of them is said to be written', async () => {
    const database = open();
    const notes = await notesIn(database);
    await database.read((connection) => connection.rows('PRAGMA max_page_count=100'));
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => notes.insertOne({ _id: `n${index}`, text: 'x'.repeat(5000) })),
    );
    const written = results.filter(({ status }) => status === 'fulfilled').length;
    expect(written).toBeLessThan(200);
    await expect(notes.countDocuments({})).resolves.toBe(written);
  });

  (mayMount() ? describe : describe.skip)('that is a real one (where this user may mount one)', () => {
    let disk: string;
    beforeEach(() => {
      disk = mkdtempSync(join(tmpdir(), 'portcullis-disk-'));
      mountDisk(disk);
    });
    afterEach(() => {
      for (const database of opened) database.close();
      unmountDisk(disk);
      rmSync(disk, { recursive: true, force: true });
    });

    it('when it fills up and is freed, then it recovers', async () => {
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(1024 * 1024));
      const database = open(disk);
      const notes = await notesIn(database);
      await fill(notes, database, async () => rmSync(ballast));
    });

    it('when it is full at the start, then it says so and leaves no half-made store', async () => {
      const ballast = join(disk, 'ballast');
      expect(() => writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024))).toThrow(/ENOSPC/);
      const error = refusal(disk);
      expect(error).toMatchObject({ code: 'full' });
      expect(error.message).toContain(disk);
      rmSync(ballast);
      await (await notesIn(open(disk))).insertOne({ _id: 'a' });
    });
  });
});

/** Makes a disk of 2 MB in memory at a folder, and says whether this user may. */
function mountDisk(at: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', at]).status === 0;
}

function unmountDisk(at: string): void {
  spawnSync('umount', ['--lazy', at]);
}

function mayMount(): boolean {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-disk-'));
  const may = mountDisk(at);
  if (may) unmountDisk(at);
  rmSync(at, { recursive: true, force: true });
  return may;
}
