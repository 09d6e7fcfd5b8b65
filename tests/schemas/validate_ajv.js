// Validates events, one a line on standard input, against the schema of their type with ajv: "ok" or what is wrong, a line each.
const fs = require("fs");
const path = require("path");
const Ajv = require("ajv/dist/2020");
const formats = require("ajv-formats");

const root = process.argv[2];
const ajv = new Ajv({allErrors: true, strict: true, strictTypes: false, strictRequired: false, allowUnionTypes: true});
formats(ajv);
["x-kind", "x-codes", "x-personal", "x-identifies", "x-whereabouts"].forEach((k) => ajv.addKeyword(k));
ajv.addSchema(JSON.parse(fs.readFileSync(path.join(root, "event.schema.json"), "utf8")));

function check(event) {
    const file = path.join(root, "events", `${event.type}.schema.json`);
    if (!fs.existsSync(file))
        return `no schema of type ${event.type}`;
    const schema = JSON.parse(fs.readFileSync(file, "utf8"));
    const validate = ajv.getSchema(schema.$id) || ajv.compile(schema);
    return validate(event) ? "ok" : ajv.errorsText(validate.errors);
}

fs.readFileSync(0, "utf8").split("\n").filter(Boolean).forEach((line) => console.log(check(JSON.parse(line))));
