// Prints what the AsyncAPI parser says of a document: "errors N", one line each, then counts of what it understood.
const fs = require("fs");
const {Parser} = require("@asyncapi/parser");

async function main() {
    const {document, diagnostics} = await new Parser().parse(fs.readFileSync(process.argv[2], "utf8"));
    const errors = diagnostics.filter((d) => d.severity === 0);
    console.log(`errors ${errors.length}`);
    errors.slice(0, 20).forEach((d) => console.log(`${d.path.join("/")}: ${d.message}`));
    if (document) {
        console.log(`version ${document.version()}`);
        console.log(`channels ${document.channels().all().map((c) => c.address()).sort().join(" ")}`);
        console.log(`messages ${document.messages().all().length}`);
    }
}

main();
