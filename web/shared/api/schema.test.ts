import { readFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'
import { describe, expect, it } from 'vitest'
import { PROBLEM_CODES } from './problem-codes'

const document = new URL('./openapi.json', import.meta.url)

describe('the API’s document', () => {
  it('is what the client’s types were generated from (else: npm run gen:api)', async () => {
    const generated = astToString(await openapiTS(document))
    expect(readFileSync(new URL('./schema.d.ts', import.meta.url), 'utf8').endsWith(generated)).toBe(true)
  })
  it('has words for every code that the server can say', () => {
    const source = readFileSync(new URL('../../../crates/server/src/problem.rs', import.meta.url), 'utf8')
    const codes = [...source.matchAll(/^\s+[A-Z]\w+ = "([a-z_]+\.[a-z_]+)", [A-Z_]+;/gm)].map((match) => match[1])
    expect(codes.length).toBeGreaterThan(60)
    expect(codes.filter((code) => !(PROBLEM_CODES as readonly (string | undefined)[]).includes(code))).toEqual([])
  })
})
