import { readFileSync } from 'node:fs';

const {
  exclude: _exclude,
  $schema: _schema,
  ...swc
} = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

const { KAFKA_BROKERS, MONGODB_URI, REDIS_URL } = process.env;
const serversAreGiven = KAFKA_BROKERS || MONGODB_URI || REDIS_URL;

/** The suite runs on the sources: swc compiles each file as it is loaded, with the build's own settings. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/(libs|apps|test)/**/*.spec.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: false, ...swc }] },
  moduleNameMapper: {
    '^#(libs|apps)/(.*)$': '<rootDir>/$1/$2/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // What needs real servers runs where they are named (npm run test:cluster).
  testPathIgnorePatterns: ['/node_modules/', ...(serversAreGiven ? [] : ['\\.cluster\\.spec\\.ts$'])],
  maxWorkers: 2,
  testTimeout: 30_000,
  // A test that fails may leave a program running; the run must end all the same.
  forceExit: true,
};
