/** Tests run from the TypeScript sources; swc strips the types, `npm run check` checks them. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    '^@coffer/runtime$': '<rootDir>/runtime/index.ts',
    '^@coffer/constructs$': '<rootDir>/constructs/index.ts',
  },
  modulePathIgnorePatterns: [
    '<rootDir>/dist',
    '<rootDir>/runtime/dist',
    '<rootDir>/constructs/dist',
    '<rootDir>/cdk.out',
  ],
  testTimeout: 30_000,
};
