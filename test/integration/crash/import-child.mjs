// Takes a file in, and is killed on the way.
// Usage: node import-child.mjs DIRECTORY FILE STUDY
const [directory, file, study] = process.argv.slice(2);
const { importStudy } = await import("../../../dist/app/import-study.js");
await importStudy({ file, study, storage: directory });
