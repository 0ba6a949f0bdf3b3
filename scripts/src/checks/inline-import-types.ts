/** Is a type imported inside an expression? dependency-cruiser does not see those, so the layers would have a back door. */
import type { SourceFile } from './source-files.ts';

const INLINE = /\btypeof\s+import\(|\bimport\(\s*['"][^'"]+['"]\s*\)\s*[.]\s*[A-Z]/;

export function inlineImportTypeFindings(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ name }) => /[.][cm]?tsx?$/.test(name))
    .flatMap(({ name, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (INLINE.test(line) ? [`${name}:${index + 1}: write an import declaration`] : [])),
    );
}
