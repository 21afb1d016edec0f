/** Which files are compared by what they mean, by rule and name; all others by their bytes. */
import type { CompareRule } from '../../protocol/records/compare.ts'
import { arrays } from './arrays.ts'
import type { FileKind } from './file-kind.ts'
import { models } from './models.ts'
import { pictures } from './pictures.ts'
import { texts } from './texts.ts'

const NUMBERS: Readonly<Record<string, FileKind>> = {
  npy: arrays,
  onnx: models,
  ...{ csv: texts, tsv: texts, txt: texts, json: texts, jsonl: texts }
}
const PIXELS: Readonly<Record<string, FileKind>> = { png: pictures }

/** Undefined: equal bytes, or not the same. */
export function kindOf(path: string, rule: CompareRule | undefined): FileKind | undefined {
  const ending = /\.([a-z]{1,8})$/i.exec(path)?.[1]?.toLowerCase() ?? ''
  const kinds = rule === undefined ? {} : rule.by === 'pixels' ? PIXELS : NUMBERS
  return Object.hasOwn(kinds, ending) ? kinds[ending] : undefined
}
