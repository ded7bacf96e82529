// What the bundle `dist/vendor/zod.js` holds. The package is 95 modules, which a process spends 60 ms on; this one, 20.
export { z } from "zod";
