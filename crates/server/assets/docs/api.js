// Draws the OpenAPI document. Text goes in as text: no markup is ever parsed.
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children.filter((child) => child !== null))
  return element
}

const api = await (await fetch('/api/v1/openapi.json')).json()
const resolve = (value) => (value?.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], api) : value)
const nameOf = (schema) => schema?.$ref?.split('/').at(-1) ?? null

function typeOf(schema) {
  if (!schema) return ''
  const name = nameOf(schema)
  if (name) return name
  const choices = schema.oneOf ?? schema.anyOf
  if (choices) return choices.map(typeOf).join(' | ')
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type === 'array') return `${typeOf(schema.items)}[]`
  return [schema.type].flat().join(' | ')
}

function membersOf(schema) {
  const real = resolve(schema) ?? {}
  const parts = [real, ...(real.allOf ?? []).map(resolve)]
  const required = new Set(parts.flatMap((part) => part.required ?? []))
  return parts.flatMap((part) => Object.entries(part.properties ?? {})).map(([name, member]) => ({ name, member, required: required.has(name) }))
}

function shape(title, schema) {
  const real = resolve(schema)
  const variants = real?.oneOf?.filter((variant) => variant.properties || variant.$ref)
  const lists = variants ?? [schema]
  const rows = lists.flatMap((one) => membersOf(one)).map(({ name, member, required }) => make('tr', {},
    make('td', {}, make('code', { textContent: required ? name : `${name}?` })),
    make('td', {}, make('code', { textContent: typeOf(member) })),
    make('td', { textContent: member.description ?? resolve(member)?.description ?? '' })))
  if (rows.length === 0) return make('p', {}, `${title}: `, make('code', { textContent: typeOf(schema) }))
  return make('details', {}, make('summary', { textContent: `${title}: ${typeOf(schema)}` }), make('table', {}, make('tbody', {}, ...rows)))
}

function body(content, title) {
  const entry = Object.entries(content ?? {})[0]
  if (!entry) return null
  const [kind, media] = entry
  return shape(kind === 'application/json' ? title : `${title} (${kind})`, media.schema)
}

function operation(path, method, spec) {
  const who = spec.security ? spec.security.flatMap(Object.keys).join(', ') : 'everybody'
  const parameters = (spec.parameters ?? []).map(resolve).map((parameter) =>
    make('p', {}, make('code', { textContent: `${parameter.name} (${parameter.in})` }), ` ${parameter.description ?? ''}`))
  const answers = Object.entries(spec.responses).map(([status, answer]) => ({ status, answer: resolve(answer) }))
  const good = answers.filter(({ status }) => status.startsWith('2')).map(({ status, answer }) =>
    make('div', {}, make('p', { textContent: `${status}: ${answer.description}` }), body(answer.content, 'Answer') ?? ''))
  const bad = make('details', {}, make('summary', { textContent: 'Problems' }),
    ...answers.filter(({ status }) => !status.startsWith('2')).map(({ status, answer }) => make('p', { textContent: `${status}: ${answer.description}` })))
  return make('article', { id: spec.operationId },
    make('h3', {}, make('span', { className: `method ${method}`, textContent: method }), make('code', { textContent: path }), make('span', { className: 'who', textContent: who })),
    make('p', { textContent: spec.summary ?? '' }), ...parameters,
    body(spec.requestBody?.content, 'Body'), ...good, bad)
}

const groups = new Map()
for (const [path, item] of Object.entries(api.paths)) {
  for (const method of METHODS.filter((one) => item[one])) {
    const tag = item[method].tags?.[0] ?? 'other'
    groups.set(tag, [...(groups.get(tag) ?? []), operation(path, method, item[method])])
  }
}
// Between backticks stands code.
document.getElementById('about').append(...api.info.description.split('`').map((part, at) => (at % 2 ? make('code', { textContent: part }) : part)))
const contents = document.getElementById('contents')
const operations = document.getElementById('operations')
for (const [tag, articles] of groups) {
  contents.append(make('a', { href: `#${tag}`, textContent: tag }))
  operations.append(make('h2', { id: tag, textContent: tag }), ...articles)
}
contents.append(make('a', { href: '#problem-codes', textContent: 'problem codes' }))
operations.append(make('h2', { id: 'problem-codes', textContent: 'problem codes' }),
  make('article', {}, ...api.components.schemas.Code.enum.map((code) => make('p', {}, make('code', { textContent: code })))))
