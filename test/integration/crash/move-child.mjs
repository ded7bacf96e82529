// Renames or copies a study, and is killed on the way.
// Usage: node move-child.mjs DIRECTORY rename|copy FROM TO
const [directory, verb, name, to] = process.argv.slice(2);
const { copyStudy, renameStudy } = await import("../../../dist/app/move-study.js");
await (verb === "rename" ? renameStudy : copyStudy)({ name, to, storage: directory });
