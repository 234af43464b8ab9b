/** What the formatter writes and the format check reads; Markdown is left to its author. */
export const formatted: readonly string[] = [
  'src',
  'test',
  'scripts',
  'package.json',
  'tsconfig.json',
  '.oxlintrc.json',
  '.oxfmtrc.json',
  '.dependency-cruiser.cjs',
]
