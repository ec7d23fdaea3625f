// Lab's packages are ES modules, which jest cannot load as they are: swc
// compiles them like our own sources. Types are checked by `tsc`.
module.exports = {
  testEnvironment: 'jsdom',
  modulePathIgnorePatterns: ['<rootDir>/built', '<rootDir>/lib'],
  testMatch: ['<rootDir>/src/**/__tests__/*.spec.{ts,tsx}'],
  setupFiles: ['<rootDir>/jest.setup.cjs'],
  moduleNameMapper: {
    '\\.(css|less)$': '<rootDir>/jest.text.cjs',
    '\\.(svg|md)(\\?.*)?$': '<rootDir>/jest.text.cjs'
  },
  transform: {
    '\\.(m?js|tsx?)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'classic' } },
          target: 'es2020'
        }
      }
    ]
  },
  transformIgnorePatterns: []
};
