// Says whether a file is a valid OpenAPI description.
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';

const { valid, errors } = await new Validator().validate(
  JSON.parse(await readFile(process.argv[2], 'utf8')),
);
console.log(valid ? 'valid' : JSON.stringify(errors, null, 2));
