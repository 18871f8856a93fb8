// Nothing breaks the clients of the last release, but for what breaking.json lists with a day and a reason:
//
//   [{ "change": "Field 'fee' was removed from object type 'Service'", "date": "2027-07-01", "why": "…" }]
//
// The last release is the last tag v* before this commit. Before anything else it is tried on two changes that do break.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { Kind, buildSchema, parse, print, visit } from 'graphql';
import { isDay } from '../deprecation.mjs';
import { here, out, read, root, schemaFile } from '../files.mjs';
import { none, run } from '../tools.mjs';

const required = (node) => ({ ...node, type: { kind: Kind.NON_NULL_TYPE, type: node.type } });

/** Changes that break clients: what becomes of a definition, and what must be said of it. */
const synthetic = [
  {
    path: 'Slot.startsAt',
    becomes: () => null,
    said: "Field 'startsAt' was removed from object type 'Slot'",
  },
  {
    path: 'Query.providers.organizationSlug',
    becomes: required,
    said: "Type for argument 'organizationSlug' on field 'Query.providers' changed from 'String' to 'String!'",
  },
];

/** The SDL with one of its definitions changed. */
function changed(sdl, { path: wanted, becomes }) {
  const enter = (node, key, parent, at, ancestors) => {
    const names = [...ancestors, node].map(({ name }) => name?.value).filter(Boolean);
    return names.join('.') === wanted ? becomes(node) : undefined;
  };
  return print(visit(parse(sdl), { FieldDefinition: enter, InputValueDefinition: enter }));
}

/** The messages of the changes that break. */
async function breaking(from, to) {
  const changes = await diff(buildSchema(from), buildSchema(to));
  return changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking).map(({ message }) => message);
}

/** What is wrong with the list and with the changes that break. */
function complaints(changes, listed) {
  const malformed = listed.filter(({ change, date, why }) => !change || !isDay(date ?? '') || !why);
  const stale = listed.filter(({ change }) => !changes.includes(change));
  const unlisted = changes.filter((change) => !listed.some((entry) => entry.change === change));
  return [
    ...malformed.map((entry) => `breaking.json: change, date (2027-07-01) and why are needed: ${JSON.stringify(entry)}`),
    ...stale.map(({ change }) => `breaking.json: did not happen since the last release: ${change}`),
    ...unlisted.map((change) => `breaks the clients of the last release: ${change}`),
  ];
}

/** A removed field and an argument that became required are found, by the library and by the program. */
async function tryOut(held) {
  fs.mkdirSync(out, { recursive: true });
  for (const one of synthetic) {
    const [broken, { said }] = [changed(held, one), one];
    const changes = await breaking(held, broken);
    if (changes.join() !== said) throw new Error(`is not found: ${said}\nbut: ${changes.join('\n')}`);
    const entry = { change: said, date: '2027-07-01', why: 'it is a test' };
    const counts = [[], [entry], [entry, { ...entry, change: 'another' }], [{ ...entry, date: 'soon' }]];
    const found = counts.map((listed) => complaints(changes, listed).length);
    if (found.join() !== '1,0,1,1') throw new Error(`the list is not kept: ${found.join()}`);
    const file = path.join(out, 'broken.graphql');
    fs.writeFileSync(file, broken);
    const { status, text } = run('graphql-inspector', 'diff', schemaFile, file);
    if (status !== 1) throw new Error(`graphql-inspector diff ends with ${status}:\n${text}`);
  }
  const same = run('graphql-inspector', 'diff', schemaFile, schemaFile);
  if (same.status !== 0) throw new Error(same.text);
}

const git = (...parameters) => {
  const { status, stdout } = spawnSync('git', parameters, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return status === 0 ? stdout : null;
};

export default async function check() {
  const held = read('schema.graphql');
  await tryOut(held);
  const tried = `${synthetic.length} changes that break are found`;
  const listed = JSON.parse(fs.readFileSync(path.join(here, 'breaking.json'), 'utf8'));
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*')?.trim();
  const released = tag && git('show', `${tag}:schema.graphql`);
  if (!released) {
    none(complaints([], listed));
    return `${tried}; nothing was released yet to compare with`;
  }
  const changes = await breaking(released, held);
  none(complaints(changes, listed));
  return `${tried}; since ${tag}: ${changes.length}, each of them listed`;
}
