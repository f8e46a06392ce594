// Says whether a file is valid CSDL in XML, and what it converts to valid CSDL in JSON.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import csdl from 'odata-csdl';

const messages = [];
const converted = csdl.xml2json(await readFile(process.argv[2]), { strict: true, messages });
const schema = createRequire(import.meta.url)('odata-csdl/schemas/csdl.schema.json');
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
const problems = validate(converted) ? messages : [...messages, ...validate.errors];
console.log(problems.length ? JSON.stringify(problems, null, 2) : 'valid');
