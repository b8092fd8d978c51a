import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // The tests that bundle take a while on a machine that has other things to do.
    testTimeout: 20_000,
    typecheck: {
      enabled: true,
      include: ['test/types.test-d.ts'],
      tsconfig: './tsconfig.types.json',
    },
    // A test that is skipped must be seen, and one that was left alone must not hide the others.
    allowOnly: false,
    passWithNoTests: false,
  },
});
