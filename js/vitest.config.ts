import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    typecheck: {
      enabled: true,
      include: ['test/types.test-d.ts'],
      tsconfig: './tsconfig.json',
    },
    // A test that is skipped must be seen, and one that was left alone must not hide the others.
    allowOnly: false,
    passWithNoTests: false,
  },
});
