// Every document that somebody is given is valid, by graphql-js and by @graphql-inspector.

import { buildSchema, parse, validate } from 'graphql';
import { documents, read, schemaFile, writeDocuments } from '../files.mjs';
import { mustRun, none } from '../tools.mjs';

export default function check() {
  const schema = buildSchema(read('schema.graphql'));
  const all = documents();
  none(all.flatMap(({ name, text }) => validate(schema, parse(text)).map(({ message }) => `${name}: ${message}`)));
  const { folder, count } = writeDocuments();
  mustRun('graphql-inspector', 'validate', `${folder}/*.graphql`, schemaFile);
  return `${all.length} documents with ${count} different operations are valid`;
}
