import { readFileSync } from 'node:fs';

const {
  exclude: _exclude,
  $schema: _schema,
  ...swc
} = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

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
  testTimeout: 30_000,
};
