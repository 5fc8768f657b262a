import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

// Suites other than `unit` run the built command, so they share one set-up that bundles it.
const suite = (name, extra = {}) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...extra,
});

const withBundle = { globalSetup: '<rootDir>/test/support/build-command.mjs' };

export default {
  projects: [suite('unit'), suite('interop', withBundle), suite('integration', withBundle), suite('fault', withBundle)],
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.mjs'],
  // Suites that run processes wait half of their time. A number: '150%' would be taken for 150 workers.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 30_000,
  workerIdleMemoryLimit: '512MB',
};
